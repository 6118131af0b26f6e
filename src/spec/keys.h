/* What an experiment file may say: tables of keys. One row says all about a key, and everything is
 * made from the rows: parsing, ranges, "did you mean", the resolved text, the comparison of two
 * experiments and the reference of the documentation.
 *
 * To add a key: one row in keys.c or layer_keys.c, its field in spec.h, its row in
 * docs/experiment-file.md (a test compares them). To add a kind of layer: a line in layers.def, an
 * alternative in layer_keys.c. */
#ifndef HEM_SPEC_KEYS_H
#define HEM_SPEC_KEYS_H

#include "base/str.h"
#include "spec/spec.h"
#include "spec/tree.h"

enum { HEM__MAX_KEYS = 24 }; /* in one table; a test checks it */

typedef enum hem__key_type {                  /* and the C type of the field */
                             HEM__KEY_INT,    /* int, or any enum */
                             HEM__KEY_BOOL,   /* bool */
                             HEM__KEY_SEED,   /* uint64_t */
                             HEM__KEY_REAL,   /* double */
                             HEM__KEY_PAIR,   /* int[2]; the file may give one number for both */
                             HEM__KEY_TEXT,   /* char *, the spec's own; NULL = the word of value 0,
                                                 or nothing */
                             HEM__KEY_AMOUNT, /* hem__amount; with `two` two of them */
                             HEM__KEY_MAP,    /* keys of its own, in a struct at `offset` */
                             HEM__KEY_CHOICE, /* one of several alternatives, in a struct at
                                                 `offset` */
                             HEM__KEY_LAYERS, /* hem__layer_list: of layers, perhaps with lists of
                                                 their own; empty only where it has a default */
                             HEM__KEY_DEFAULTS /* no field: values of layers by kind; written out in
                                                  the layers */
} hem__key_type;

/* A word that a value may be, and what it stands for. */
typedef struct hem__word {
    const char *name; /* NULL ends a list */
    int value;
} hem__word;

/* A unit that an amount may have, and its range. */
typedef struct hem__unit_range {
    const char *name; /* NULL ends a list */
    hem__amount_unit unit;
    double min, max;
    bool below_max; /* max itself is not allowed */
    bool whole;     /* whole numbers alone */
} hem__unit_range;

typedef struct hem__key hem__key;
typedef struct hem__choice hem__choice;

struct hem__key {
    const char *name; /* NULL ends a table */
    hem__key_type type;
    bool above_min, below_max; /* the end of the range itself is not allowed */
    bool label;                /* for people: two experiments that differ only here are the same */
    size_t offset;             /* of the field in the struct that the table fills */
    size_t at;                 /* of the hem__at that keeps the value's place; 0 = none does */
    double min, max;           /* numbers: the range. TEXT: max = the longest, in bytes */
    const hem__word *words;    /* may be one of these, too; INT and TEXT with max 0: nothing else;
                                  REAL: their values lie outside the range */
    const char *fallback;      /* the default, as a file would write it; NULL = must be given */
    const char *like;          /* the default is the value of that key, above it in the table */
    const hem__key *keys;      /* MAP; a fallback other than "" stands for all their defaults */
    const hem__choice *choice; /* CHOICE; LAYERS and DEFAULTS (of one layer) */
    const char *help;
    /* AMOUNT: its units, and what the two of a list are, "[rows, columns]"; NULL = no list */
    const hem__unit_range *units;
    const char *two;
};

/* One alternative of a choice: `name` alone, `{name: value}` or `{name: {keys}}`. */
typedef struct hem__alternative {
    const char *name; /* NULL ends a list */
    int kind;
    const hem__key *value;  /* what `name: value` sets: a key of its own or one of `keys` */
    const hem__key *keys;   /* what `name: {...}` may hold */
    const hem__key *beside; /* keys on the same level as `name` */
    const char *example;    /* for help: how a file would write it */
    const char *help;
} hem__alternative;

struct hem__choice {
    const char *noun; /* "layer", "optimizer" */
    size_t kind, at;  /* offsets of the kind (an enum) and of its hem__at */
    bool fixed;       /* an override may not turn one alternative into another */
    const hem__alternative *alternatives;
};

extern const hem__key hem__top_keys[]; /* fills a hem_spec */
extern const hem__choice hem__layer_choice;
extern const hem__key hem__augment_keys[]; /* fills a hem__augment_spec */

/* What no single key of `augment` can know. */
hem_status hem__augment_together(const hem_spec *spec, hem_error *err);

extern const hem__choice hem__schedule_choice, hem__stopping_choice; /* train_keys.c */

extern const hem__choice hem__data_choice, hem__validation_choice; /* data_keys.c */

enum { HEM__MAX_NESTING = 8 }; /* residuals inside each other */

const hem__key *hem__key_find(const hem__key *keys, const char *name); /* keys may be NULL */
const hem__alternative *hem__alternative_find(const hem__choice *choice, const char *name);
const hem__alternative *hem__alternative_of(const hem__choice *choice, const void *record);

/* ---- values (value.c) ----------------------------------------------------------------------- */

/* Reads a leaf (not MAP, CHOICE, LAYERS) into the struct at `record`. `label` names it in messages.
 */
hem_status hem__value_read(const hem_spec *spec, const hem__key *key, const char *label,
                           const hem__yaml *node, void *record, hem_error *err);
/* True for a text that was not given and has no default: there is nothing to write. */
bool hem__value_absent(const hem__key *key, const void *record);
/* A leaf that is not absent, as a file would write it. Out of memory shows in out->failed. */
void hem__value_write(const hem__key *key, const void *record, hem__str *out);
/* True where every leaf of a table has its default; such a table has only leaves. */
bool hem__keys_default(const hem__key *keys, const void *record);
/* What a leaf may be: "a whole number from 1 to 1000000". */
void hem__value_describe(const hem__key *key, hem__str *out);
/* What a node is, for "must be ..., <seen>": "not 0", "not a list", "but has no value". */
char *hem__yaml_seen(const hem__yaml *node, char buffer[96]);
/* Bytes of the longest start of a text, at most 40, that ends between two characters: for "%.*s".
 */
int hem__shown_length(const char *text);
bool hem__text_is_number(const char *text);
/* Of a text that hem__text_is_number(). strtod would obey a locale with a decimal comma. */
double hem__text_to_real(const char *text);

/* ---- numbers with a unit (amount.c) --------------------------------------------------------- */

bool hem__amount_read(const hem__key *key, const hem__yaml *node, void *field);
void hem__amount_write(const hem__key *key, const void *field, hem__str *out);
void hem__amount_describe(const hem__key *key, hem__str *out);
/* What a person who wrote this probably meant. False: no idea. */
bool hem__amount_hint(const hem__key *key, const hem__yaml *node, hem_error *err);

/* ---- trees (read.c, override.c, write.c) ---------------------------------------------------- */

/* Reads a mapping by a table; what is absent becomes its default. `noun` names it in messages. */
hem_status hem__keys_read(hem_spec *spec, const hem__key *keys, const char *noun, hem__yaml *node,
                          void *record, hem_error *err);
/* Sets the value that overrides[index] names in the tree of the file. */
hem_status hem__override_apply(hem_spec *spec, hem__yaml **root, size_t index, hem_error *err);
/* "unknown key 'x' in noun" with its hint; `also` = more keys that would do, or NULL. */
hem_status hem__fail_unknown(const hem_spec *spec, hem__at at, const char *word, const char *noun,
                             const hem__key *keys, const hem__choice *also, hem_error *err);
/* The experiment as leaves "train.epochs", "5" in the order of the tables; a choice is a leaf too
 * ("train.optimizer", "adam"), and its keys follow. No memory: out->failed. */
typedef struct hem__leaf {
    char *path, *value;
    bool label;
} hem__leaf;
typedef struct hem__leaves {
    hem__leaf *items;
    size_t n, capacity;
    bool failed;
} hem__leaves;
void hem__leaves_collect(const hem_spec *spec, hem__leaves *out);
void hem__leaves_release(hem__leaves *leaves);
/* "noun must be keys with values, ..."; node is no mapping. The hint is the example, else the keys.
 */
hem_status hem__fail_not_map(const hem_spec *spec, const hem__yaml *node, const char *noun,
                             const hem__key *keys, const char *example, hem_error *err);

#endif
