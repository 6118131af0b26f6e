/* YAML to nodes, from the events of libfyaml's parser. Events rather than its documents: a document
 * resolves aliases and checks keys for repeats in time that a hostile file chooses (an alias bomb
 * doubles at every line), an event costs what its characters cost. libfyaml's own messages stay
 * inside; only its places are used. */
#include "spec/tree.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "spec/text.h"

/* ---- nodes ---------------------------------------------------------------------------------- */

hem__yaml *hem__yaml_new(hem__yaml_kind kind, const char *text, const char *key, hem__at at)
{
    hem__yaml *node = hem__calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->at = at;
    node->key_at = at;
    node->text = text ? hem__strdup(text) : NULL;
    node->key = key ? hem__strdup(key) : NULL;
    if ((text && !node->text) || (key && !node->key)) {
        hem__yaml_free(node);
        return NULL;
    }
    return node;
}

/* Recursion goes down only, so it is as deep as the file: HEM__TREE_MAX_DEPTH. */
void hem__yaml_free(hem__yaml *node)
{
    while (node != NULL) {
        hem__yaml *next = node->next;
        hem__yaml_free(node->first);
        free(node->text);
        free(node->key);
        free(node);
        node = next;
    }
}

hem__yaml *hem__yaml_find(hem__yaml *map, const char *key)
{
    hem__yaml *entry = map->first;
    while (entry != NULL && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

/* ---- from events to nodes ------------------------------------------------------------------- */

enum { MAX_LINES = 256 }; /* of one value */

typedef struct level { /* an open list or mapping */
    hem__yaml *container;
    hem__yaml **end; /* where the next entry is linked: appending takes constant time */
    char *key;       /* mapping: the key that waits for its value */
    hem__at key_at;
} level;

typedef struct builder {
    const hem_spec *spec;
    const char *text;
    size_t override;
    hem_error *err;
    struct fy_parser *parser;
    level levels[HEM__TREE_MAX_DEPTH];
    size_t depth, nodes, documents;
    hem__yaml *root;
    hem__at last; /* of the last value or key */
} builder;

/* libfyaml counts from 0. The mark of an alias or a quoted text lies one behind its first
 * character: `before` = 1. */
static hem__at place_of(const builder *b, struct fy_token *token, int before)
{
    if (b->override > 0)
        return (hem__at){-(int)b->override, 0};
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (mark == NULL)
        return (hem__at){0, 0};
    return (hem__at){mark->line + 1, mark->column + 1 - before};
}

static hem_status fail(builder *b, hem__at at, const char *text, const char *hint)
{
    hem__spec_fail(b->spec, at, b->err, "%s", text);
    return hem__hint(b->err, "%s", hint);
}

static hem__at place_of_scalar(const builder *b, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    if (token == NULL) /* a value or key left out: what holds it stands for it */
        return b->depth > 0 ? b->levels[b->depth - 1].container->at : place_of(b, NULL, 0);
    enum fy_scalar_style style = fy_token_scalar_style(token);
    return place_of(b, token, style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED);
}

/* libfyaml 0.7 takes a time that grows with the square of the line ends in one value, and leaks a
 * block for a text in single quotes with many '' in it. So values have few lines, and such a text
 * is read here. The text of *decoded, or the token's own; NULL: no memory. */
static const char *text_of(const builder *b, struct fy_token *token, hem__str *decoded,
                           size_t *length)
{
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    if (fy_token_scalar_style(token) != FYSS_SINGLE_QUOTED || start == NULL || end == NULL ||
        start->line != end->line)
        return fy_token_get_text(token, length);
    /* The marks lie behind the first quote and on the last one. */
    for (size_t i = start->input_pos; i < end->input_pos; i++) {
        hem__str_add_bytes(decoded, b->text + i, 1);
        i += b->text[i] == '\'';
    }
    hem__str_add_bytes(decoded, "", 0);
    *length = decoded->length;
    return decoded->failed ? NULL : decoded->text;
}

/* Refuses what text_of() could not read in time or without a leak. */
static hem_status check_extent(builder *b, struct fy_token *token, hem__at at)
{
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    if (start == NULL || end == NULL || start->line == end->line)
        return HEM_OK;
    if (end->line - start->line >= MAX_LINES)
        return fail(b, at, "a value of more than 256 lines", "shorten it");
    bool doubled = false;
    for (size_t i = start->input_pos; i + 1 < end->input_pos && !doubled; i++)
        doubled = b->text[i] == '\'' && b->text[i + 1] == '\'';
    if (doubled && fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED)
        return fail(b, at, "a text in single quotes of several lines with '' in it",
                    "use double quotes");
    return HEM_OK;
}

/* Checks for what an escape such as "\0" may have brought in, and copies. */
static hem_status copy_checked(builder *b, const char *text, size_t length, hem__at at, char **out)
{
    for (size_t i = 0, bytes; i < length; i += bytes) {
        int c = hem__utf8_next(text + i, length - i, &bytes);
        if (c != '\n' && c != '\t' && (c < 0 || !hem__utf8_printable(c)))
            return fail(b, at, "a control character in a text",
                        "remove it, or the '\\' sequence that stands for it");
    }
    *out = hem__calloc(length + 1, 1);
    if (*out == NULL)
        return hem__fail_memory(b->err, "a value of the experiment file", length + 1);
    memcpy(*out, text, length);
    return HEM_OK;
}

/* The text of a scalar into *out, free() it. NULL is a scalar left out, as in `epochs:`. */
static hem_status copy_text(builder *b, struct fy_token *token, hem__at at, char **out)
{
    if (token == NULL)
        return copy_checked(b, "", 0, at, out);
    HEM_TRY(check_extent(b, token, at));
    hem__str decoded = {0};
    size_t length = 0;
    const char *text = text_of(b, token, &decoded, &length);
    hem_status status = text != NULL
                            ? copy_checked(b, text, length, at, out)
                            : hem__fail_memory(b->err, "a value of the experiment file", 0);
    hem__str_release(&decoded);
    return status;
}

static hem_status take_key(builder *b, struct fy_event *event)
{
    level *top = &b->levels[b->depth - 1];
    top->key_at = place_of_scalar(b, event);
    b->last = top->key_at;
    HEM_TRY(copy_text(b, event->scalar.value, top->key_at, &top->key));
    if (strcmp(top->key, "<<") == 0)
        return fail(b, top->key_at, "merge keys '<<' are not allowed",
                    "write the keys out where they apply");
    if (top->key[0] == '\0')
        return fail(b, top->key_at, "a key without a name", "write: name: value");
    return HEM_OK;
}

/* Anchors and tags of any node; the caller gives its tokens. */
static hem_status check_properties(builder *b, struct fy_token *anchor, struct fy_token *tag)
{
    if (anchor != NULL)
        return fail(b, place_of(b, anchor, 1), "anchors '&' are not allowed",
                    "write the value out where it applies");
    if (tag != NULL)
        return fail(b, place_of(b, tag, 0), "tags '!' are not allowed",
                    "leave the tag out: the key decides the type of its value");
    return HEM_OK;
}

/* Links a new node where the parser stands; takes the key that waits there. */
static hem_status attach(builder *b, hem__yaml_kind kind, hem__at at, struct fy_token *scalar,
                         hem__yaml **out)
{
    if (++b->nodes > HEM__TREE_MAX_NODES)
        return fail(b, at, "too many values: at most 65536 are read",
                    "an experiment of this size is surely a mistake");
    hem__yaml *node = hem__yaml_new(kind, NULL, NULL, at);
    if (node == NULL)
        return hem__fail_memory(b->err, "the experiment file", sizeof *node);
    b->last = at.line != 0 ? at : b->last;
    if (b->depth == 0) {
        b->root = node;
    } else {
        level *top = &b->levels[b->depth - 1];
        *top->end = node;
        top->end = &node->next;
        if (top->key != NULL) {
            node->key = top->key;
            node->key_at = top->key_at;
            top->key = NULL;
            if (kind == HEM__YAML_SCALAR && scalar == NULL)
                node->at = node->key_at;
        }
    }
    if (kind == HEM__YAML_SCALAR) {
        node->quoted = scalar != NULL && fy_token_scalar_style(scalar) != FYSS_PLAIN;
        HEM_TRY(copy_text(b, scalar, node->at, &node->text));
    }
    *out = node;
    return HEM_OK;
}

static bool awaits_key(const builder *b)
{
    return b->depth > 0 && b->levels[b->depth - 1].container->kind == HEM__YAML_MAP &&
           b->levels[b->depth - 1].key == NULL;
}

static hem_status open_container(builder *b, hem__yaml_kind kind, hem__at at)
{
    if (awaits_key(b))
        return fail(b, at, "a list or a set of keys used as a key", "a key is a single word");
    if (b->depth == HEM__TREE_MAX_DEPTH)
        return fail(b, at, "nested deeper than 32 levels", "no experiment needs more than 6");
    hem__yaml *node;
    HEM_TRY(attach(b, kind, at, NULL, &node));
    b->levels[b->depth++] = (level){node, &node->first, NULL, {0, 0}};
    return HEM_OK;
}

static hem_status take_scalar(builder *b, struct fy_event *event)
{
    hem__yaml *node;
    if (awaits_key(b))
        return take_key(b, event);
    return attach(b, HEM__YAML_SCALAR, place_of_scalar(b, event), event->scalar.value, &node);
}

static hem_status start_document(builder *b, struct fy_event *event)
{
    hem__at at = place_of(b, event->document_start.document_start, 0);
    if (++b->documents > 1)
        return fail(b, at, "a second document after '---'", "one file holds one experiment");
    return HEM_OK;
}

static hem_status take(builder *b, struct fy_event *e)
{
    switch (e->type) {
    case FYET_DOCUMENT_START:
        return start_document(b, e);
    case FYET_MAPPING_START:
        HEM_TRY(check_properties(b, e->mapping_start.anchor, e->mapping_start.tag));
        return open_container(b, HEM__YAML_MAP, place_of(b, e->mapping_start.mapping_start, 0));
    case FYET_SEQUENCE_START:
        HEM_TRY(check_properties(b, e->sequence_start.anchor, e->sequence_start.tag));
        return open_container(b, HEM__YAML_LIST, place_of(b, e->sequence_start.sequence_start, 0));
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        b->depth -= b->depth > 0;
        return HEM_OK;
    case FYET_SCALAR:
        HEM_TRY(check_properties(b, e->scalar.anchor, e->scalar.tag));
        return take_scalar(b, e);
    case FYET_ALIAS:
        return fail(b, place_of(b, e->alias.anchor, 1), "aliases '*' are not allowed",
                    "write the value out; text that begins with '*' needs quotes");
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        return HEM_OK;
    }
    return HEM_OK;
}

/* ---- what the parser refuses ---------------------------------------------------------------- */

/* A part of libfyaml's message, our words for it, and what to do. The first that matches counts. */
static const struct {
    const char *theirs, *ours, *hint;
} complaints[] = {
    {"flow sequence without a closing bracket", "a list '[' is not closed", "add the ']'"},
    {"missing comma in flow", "a '{' or '[' is not closed, or a comma is missing",
     "separate by ',' and close with '}' or ']'"},
    {"did not find expected node content", "a '{' or '[' is not closed", "add the '}' or ']'"},
    {"without closing quote", "a quoted text is not closed", "add the closing quote"},
    {"wrongly indented double-quoted", "a quoted text is not closed", "add the closing quote"},
    {"wrongly indented single-quoted", "a quoted text is not closed", "add the closing quote"},
    {"after double-quoted scalar", "something follows a quoted text", "put all of it in quotes"},
    {"after single-quoted scalar", "something follows a quoted text", "put all of it in quotes"},
    {"escape", "an unknown '\\' sequence in a quoted text", "write '\\\\' for a backslash"},
    {"nested block mapping on the same line", "a second ':' on the same line",
     "write {key: value}, or put the inner key on its own line"},
    {"plain scalar cannot start with", "a value begins with a character that YAML reserves",
     "put the value in quotes"},
    {"tab", "a tab used as indentation", "indent with spaces"},
    {"invalid multiline plain key", "a line is indented wrongly, or has no ':' after its key",
     "write 'key: value', with keys of one level below each other"},
    {"indent", "a line is indented wrongly", "keys of one level stand below each other"},
    {"did not find expected key",
     "a line is indented wrongly, or begins like another kind of entry",
     "keys of one level stand below each other"},
    {"invalid mapping in plain multiline", "a line is indented wrongly",
     "keys of one level stand below each other"},
    {"extra closing", "a '}' or ']' too many", "remove it"},
    {"depth", "nested deeper than 32 levels", "no experiment needs more than 6"},
};

static hem_status fail_syntax(builder *b, struct fy_diag *diag)
{
    void *state = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &state);
    while (error != NULL && error->type != FYET_ERROR)
        error = fy_diag_errors_iterate(diag, &state);
    if (error == NULL && errno == ENOMEM)
        return hem__fail_memory(b->err, "the experiment file", 0);
    if (error == NULL) { /* it stops without a word at '>0', for example */
        hem__spec_fail(b->spec, b->last, b->err, "behind this place it is not valid YAML");
        return hem__hint(b->err, "put the value in quotes");
    }
    hem__at at = {error->line, error->column}; /* from 1 here */
    if (b->override > 0)
        at = place_of(b, NULL, 0);
    for (size_t i = 0; error->msg && i < sizeof complaints / sizeof *complaints; i++) {
        if (strstr(error->msg, complaints[i].theirs) != NULL)
            return fail(b, at, complaints[i].ours, complaints[i].hint);
    }
    return fail(b, at, "this is not valid YAML",
                "look for wrong indentation, a missing space after ':', an open quote or bracket");
}

/* ---- reading -------------------------------------------------------------------------------- */

static hem_status read_events(builder *b, struct fy_diag *diag)
{
    for (bool end = false; !end;) {
        errno = 0;
        struct fy_event *event = fy_parser_parse(b->parser);
        if (event == NULL)
            return fail_syntax(b, diag);
        end = event->type == FYET_STREAM_END;
        hem_status status = take(b, event);
        fy_parser_event_free(b->parser, event);
        HEM_TRY(status);
    }
    if (b->root == NULL) { /* nothing but white space and comments */
        hem__yaml *node;
        hem__at start = {1, 1};
        return attach(b, HEM__YAML_SCALAR, b->override > 0 ? place_of(b, NULL, 0) : start, NULL,
                      &node);
    }
    return HEM_OK;
}

/* A diagnostics object that collects and never prints. */
static struct fy_diag *silent_diagnostics(void)
{
    struct fy_diag_cfg settings;
    fy_diag_cfg_default(&settings);
    settings.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&settings);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    return diag;
}

hem_status hem__tree_parse(const hem_spec *spec, const char *text, size_t length, size_t override,
                           hem__yaml **out, hem_error *err)
{
    *out = NULL;
    builder b = {.spec = spec, .text = text, .override = override, .err = err};
    b.last = override > 0 ? place_of(&b, NULL, 0) : (hem__at){1, 1};
    if (length > HEM__TREE_MAX_BYTES)
        return fail(&b, override > 0 ? place_of(&b, NULL, 0) : (hem__at){0, 0},
                    "too large: at most 1048576 bytes are read", "an experiment is a short text");
    HEM_TRY(hem__text_check(spec, text, length, override, err));

    struct fy_diag *diag = silent_diagnostics();
    struct fy_parse_cfg settings = {
        .search_path = "",
        .flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2,
        .diag = diag,
    };
    b.parser = diag ? fy_parser_create(&settings) : NULL;
    hem_status status = HEM_OK;
    if (b.parser == NULL || fy_parser_set_string(b.parser, text, length) != 0)
        status = hem__fail_memory(err, "the experiment file", length);
    else
        status = read_events(&b, diag);
    for (size_t i = 0; i < HEM__TREE_MAX_DEPTH; i++)
        free(b.levels[i].key);
    if (b.parser != NULL)
        fy_parser_destroy(b.parser);
    if (diag != NULL)
        fy_diag_destroy(diag);
    if (status == HEM_OK)
        *out = b.root;
    else
        hem__yaml_free(b.root);
    return status;
}
