/* CSV of pixels: a row for each image, a label and the pixels in whole numbers 0..255 between
 * commas, with or without a line of names. Plain or gzip; LF or CR LF; the last line end may be
 * missing, and one empty line may follow it. Nothing else is taken for a number: no quotes, blanks,
 * signs or decimals. The file is read line by line, so it never lies in memory unpacked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/pair.h"
#include "data/reader.h"

/* Longest file: 1 GiB of pixels in up to four characters each, and as much again for good measure.
 */
#define MOST_FILE_BYTES ((size_t)8 << 30)
/* Longest line: a header of long names over an image of many pixels. */
#define MOST_LINE_BYTES ((size_t)256 << 20)
enum { FIRST_BUFFER = 1 << 16 }; /* grows to the longest line */

/* ---- lines ---------------------------------------------------------------------------------- */

typedef struct lines {
    hem__reader reader;
    char *buffer;
    size_t capacity, at, end; /* what is in the buffer and not yet read */
    bool ended;               /* the reader has no more */
    size_t number;            /* of the line last read, from 1 */
} lines;

static hem_status fail_line(const lines *l, hem_error *err, const char *text)
{
    return hem__fail_at(err, HEM_ERR_DATA, l->reader.name, (int)l->number, 0, "%s", text);
}

/* Makes room behind what is left and fills it. */
static hem_status fill(lines *l, hem_error *err)
{
    memmove(l->buffer, l->buffer + l->at, l->end - l->at);
    l->end -= l->at;
    l->at = 0;
    if (l->end == l->capacity) {
        if (l->capacity >= MOST_LINE_BYTES)
            return hem__fail_at(err, HEM_ERR_DATA, l->reader.name, (int)l->number, 0,
                                "the line is longer than %zu bytes", MOST_LINE_BYTES);
        char *larger = hem__reallocarray(l->buffer, l->capacity, 2);
        if (larger == NULL)
            return hem__fail_memory(err, l->reader.name, 2 * l->capacity);
        l->buffer = larger;
        l->capacity *= 2;
    }
    size_t got;
    HEM_TRY(hem__reader_read(&l->reader, l->buffer + l->end, l->capacity - l->end, &got, err));
    l->ended = got < l->capacity - l->end;
    l->end += got;
    return HEM_OK;
}

/* The next line without its end; *line = NULL after the last. */
static hem_status next_line(lines *l, const char **line, size_t *length, hem_error *err)
{
    char *newline = NULL;
    size_t seen = 0;
    l->number++;
    for (;;) {
        size_t left = l->end - l->at;
        newline = left > seen ? memchr(l->buffer + l->at + seen, '\n', left - seen) : NULL;
        if (newline != NULL || l->ended)
            break;
        seen = left;
        HEM_TRY(fill(l, err));
    }
    *line = l->buffer + l->at;
    *length = newline != NULL ? (size_t)(newline - *line) : l->end - l->at;
    l->at += *length + (newline != NULL);
    if (newline == NULL && *length == 0)
        *line = NULL;
    else if (*length > 0 && (*line)[*length - 1] == '\r')
        --*length;
    return HEM_OK;
}

/* ---- cells ---------------------------------------------------------------------------------- */

typedef struct table {
    lines lines;
    const hem__data_spec *spec;
    int from;
    char *header;         /* the line of names, or NULL */
    size_t header_length; /* of it */
    size_t columns, label;
    size_t image; /* pixels of a row */
    uint8_t *pixels, *labels;
    size_t n, capacity; /* rows */
    bool blank;         /* the line before was empty */
} table;

/* The bytes up to the next comma or the end. A name in quotes may hold commas, and quotes twice. */
static size_t cell_length(const char *cell, const char *end)
{
    size_t n = 0;
    if (cell < end && cell[0] == '"') {
        bool inside = true;
        for (n = 1; cell + n < end && (inside || cell[n] == '"'); n++)
            inside = inside != (cell[n] == '"');
        if (!inside && (cell + n == end || cell[n] == ','))
            return n;
        n = 0; /* the quotes end in the middle of a cell: they are letters like any other */
    }
    while (cell + n < end && cell[n] != ',')
        n++;
    return n;
}

/* The cell of this column, from 0, in a line; an empty one at the end where there is none. */
static const char *cell_of(const char *line, size_t length, size_t column, size_t *n)
{
    const char *end = line + length;
    for (; column > 0 && line < end; column--) {
        line += cell_length(line, end);
        line += line < end; /* the comma */
    }
    *n = cell_length(line, end);
    return line;
}

/* Without the quotes that some programs set around names. */
static const char *unquote(const char *cell, size_t *n)
{
    if (*n < 2 || cell[0] != '"' || cell[*n - 1] != '"')
        return cell;
    *n -= 2;
    return cell + 1;
}

/* A cell as it can be shown: printable ASCII, cut. */
static const char *shown(const char *cell, size_t n, char out[48])
{
    size_t i = 0;
    for (; i < n && i < 40; i++)
        out[i] = cell[i] >= ' ' && cell[i] <= '~' ? cell[i] : '?';
    snprintf(out + i, 48 - i, "%s", i < n ? "..." : "");
    return out;
}

/* "column 5 ('pixel4')" */
static const char *column_name(const table *t, size_t column, char out[80])
{
    char name[48] = "";
    size_t n;
    const char *cell = t->header ? cell_of(t->header, t->header_length, column, &n) : NULL;
    if (cell != NULL)
        cell = unquote(cell, &n);
    if (cell != NULL && n > 0)
        snprintf(out, 80, "column %zu ('%s')", column + 1, shown(cell, n, name));
    else
        snprintf(out, 80, "column %zu", column + 1);
    return out;
}

static size_t count_columns(const char *line, size_t length)
{
    size_t n = 1;
    for (const char *end = line + length; (line += cell_length(line, end)) < end; line++)
        n++;
    return n;
}

/* A whole number of digits alone, at most 9. */
static bool is_number(const char *cell, size_t n, long *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (cell[i] < '0' || cell[i] > '9' || n > 9)
            return false;
        *out = *out * 10 + (cell[i] - '0');
    }
    return n > 0;
}

/* A whole number of any size, also below 0. */
static bool is_whole(const char *cell, size_t n)
{
    size_t i = n > 1 && cell[0] == '-';
    while (i < n && cell[i] >= '0' && cell[i] <= '9')
        i++;
    return n > 0 && i == n;
}

static bool is_decimal(const char *cell, size_t n)
{
    bool digit = false;
    for (size_t i = 0; i < n; i++) {
        digit = digit || (cell[i] >= '0' && cell[i] <= '9');
        if (strchr("0123456789.eE+-", cell[i]) == NULL || cell[i] == '\0')
            return false;
    }
    return digit;
}

/* Says what is wrong with a cell that is not a number in its range. */
static hem_status fail_cell(const table *t, size_t column, const char *cell, size_t n,
                            hem_error *err)
{
    char where[80], what[48];
    bool label = column == t->label;
    int low = label ? t->from : 0, high = low + 255;
    column_name(t, column, where);
    hem_error e; /* filled even where the caller wants none: a hint needs it */
    hem_error *to = err != NULL ? err : &e;
    const char *name = t->lines.reader.name;
    int line = (int)t->lines.number;
    if (n == 0) {
        hem__fail_at(to, HEM_ERR_DATA, name, line, 0, "%s: the cell is empty", where);
        return hem__hint(to, "every cell holds a whole number; fill it in, or remove the row");
    }
    shown(cell, n, what);
    if (is_whole(cell, n)) {
        hem__fail_at(to, HEM_ERR_DATA, name, line, 0, "%s: %s %s; allowed %d..%d", where,
                     label ? "label" : "value", what, low, high);
        return label ? hem__hint_label(strtoll(cell, NULL, 10), low, "csv", to)
                     : hem__hint(to, "pixels are bytes; scale them before they are written");
    }
    hem__fail_at(to, HEM_ERR_DATA, name, line, 0, "%s: '%s' is not a whole number", where, what);
    if (memchr(cell, '"', n) != NULL)
        return hem__hint(to,
                         "write numbers without quotes; only names in the header may have them");
    if (is_decimal(cell, n))
        return hem__hint(to, "write labels and pixels as whole numbers, without a decimal point");
    if (cell[0] == ' ' || cell[n - 1] == ' ' || cell[0] == '\t')
        return hem__hint(to, "write the numbers without blanks around them");
    return hem__hint(to, "labels and pixels are numbers; a line of names may only be the first");
}

static hem_status fail_count(const table *t, size_t seen, hem_error *err)
{
    hem__fail_at(err, HEM_ERR_DATA, t->lines.reader.name, (int)t->lines.number, 0,
                 "the row has %zu columns; the rows before it have %zu", seen, t->columns);
    return hem__hint(err, seen < t->columns ? "the file may be cut off: fetch it again"
                                            : "look for a comma too many, or two rows in one line");
}

/* ---- the first line ------------------------------------------------------------------------- */

/* The column that the experiment names. */
static hem_status find_label(table *t, hem_error *err)
{
    const char *wanted = t->spec->csv.label ? t->spec->csv.label : "first";
    const char *name = t->lines.reader.name;
    size_t named = t->columns; /* a column of that name, or of the name "label" */
    bool place = strcmp(wanted, "first") == 0 || strcmp(wanted, "last") == 0;
    for (size_t i = 0; t->header != NULL && i < t->columns && named == t->columns; i++) {
        size_t n;
        const char *cell = cell_of(t->header, t->header_length, i, &n);
        const char *word = place ? "label" : wanted;
        cell = unquote(cell, &n);
        if (n == strlen(word) && memcmp(cell, word, n) == 0)
            named = i;
    }
    t->label = place ? (wanted[0] == 'f' ? 0 : t->columns - 1) : named;
    if (place && named < t->columns && named != t->label) {
        hem__fail_at(err, HEM_ERR_DATA, name, 1, 0,
                     "column %zu is called 'label', but labels are read from the %s column",
                     named + 1, wanted);
        return hem__hint(err, "write data: {csv: {..., label: label}}");
    }
    if (t->label < t->columns)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, name, t->header != NULL, 0,
                 t->header ? "no column is called '%s'"
                           : "there is no header to find the column '%s' in",
                 wanted);
    return hem__hint(err, "label: may be first, last or a name in the header");
}

/* The square root of n; 0 where n is no square. */
static size_t side_of(size_t n)
{
    size_t side = 1;
    while (side * side < n)
        side++;
    return side * side == n ? side : 0;
}

/* Height and width from what the experiment says and how many columns there are. */
static hem_status find_shape(const table *t, size_t *height, size_t *width, hem_error *err)
{
    size_t channels = t->spec->csv.channels == 3 ? 3 : 1, pixels = t->image / channels;
    size_t h = (size_t)t->spec->csv.height, w = (size_t)t->spec->csv.width;
    bool whole = pixels > 0 && pixels * channels == t->image;
    if (h == 0 && w == 0)
        h = w = whole ? side_of(pixels) : 0;
    else if (h == 0 && whole && pixels % w == 0)
        h = pixels / w;
    else if (w == 0 && whole && pixels % h == 0)
        w = pixels / h;
    *height = h;
    *width = w;
    if (whole && h > 0 && w > 0 && h * w == pixels)
        return HEM_OK;
    const char *name = t->lines.reader.name;
    if (t->columns == 1) {
        hem__fail_at(err, HEM_ERR_DATA, name, 1, 0, "the line has one column");
        return hem__hint(err, "a comma stands between two cells; semicolons and tabs are not read");
    }
    if (t->spec->csv.height > 0 || t->spec->csv.width > 0) {
        char sides[2][24] = {"any", "any"};
        if (t->spec->csv.height > 0)
            snprintf(sides[0], sizeof sides[0], "%d", t->spec->csv.height);
        if (t->spec->csv.width > 0)
            snprintf(sides[1], sizeof sides[1], "%d", t->spec->csv.width);
        hem__fail_at(err, HEM_ERR_DATA, name, 1, 0,
                     "%zu columns of pixels are no images of height %s, width %s, channels %zu",
                     t->image, sides[0], sides[1], channels);
        return hem__hint(err, "the pixels are height times width times channels; one column is "
                              "the label");
    }
    hem__fail_at(err, HEM_ERR_DATA, name, 1, 0,
                 "%zu columns of pixels are no square images of %zu channel%s", t->image, channels,
                 channels == 1 ? "" : "s");
    return hem__hint(err, "give height: and width: (and channels: 3 for colour) beside train:; one "
                          "column is the label");
}

/* Whether the first line is one of names: as the experiment says, or if its first two cells are no
 * numbers. */
static bool is_header(const table *t, const char *line, size_t length)
{
    long value;
    size_t n;
    if (t->spec->csv.header != HEM__HEADER_AUTO)
        return t->spec->csv.header == HEM__HEADER_YES;
    for (size_t i = 0; i < 2; i++) {
        const char *cell = cell_of(line, length, i, &n);
        if (n == 0 || is_decimal(cell, n) || is_number(cell, n, &value))
            return false;
    }
    return true;
}

static hem_status begin(table *t, const char *line, size_t length, hem_images *out, hem_error *err)
{
    size_t height, width;
    if (t->lines.number == 1 && is_header(t, line, length)) {
        t->header = hem__calloc(length + 1, 1);
        if (t->header == NULL)
            return hem__fail_memory(err, t->lines.reader.name, length);
        memcpy(t->header, line, length);
        t->header_length = length;
    }
    t->columns = count_columns(line, length);
    t->image = t->columns - 1;
    HEM_TRY(find_label(t, err));
    HEM_TRY(find_shape(t, &height, &width, err));
    if (height > HEM__DATA_MAX_SIDE || width > HEM__DATA_MAX_SIDE)
        return hem__fail_at(err, HEM_ERR_DATA, t->lines.reader.name, 1, 0,
                            "images of %zu x %zu pixels; allowed 1 to %d a side", height, width,
                            HEM__DATA_MAX_SIDE);
    out->height = (int)height;
    out->width = (int)width;
    out->channels = t->spec->csv.channels == 3 ? 3 : 1;
    return HEM_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Room for one more row. */
static hem_status grow(table *t, hem_error *err)
{
    if (t->n < t->capacity)
        return HEM_OK;
    const char *name = t->lines.reader.name;
    size_t most = HEM__DATA_MAX_BYTES / t->image;
    if (t->n >= most)
        return hem__fail_at(err, HEM_ERR_DATA, name, (int)t->lines.number, 0,
                            "too large: more than %zu images of %zu bytes; at most %zu bytes are "
                            "read",
                            most, t->image, HEM__DATA_MAX_BYTES);
    size_t capacity = t->capacity ? 2 * t->capacity : 1024;
    capacity = capacity < most ? capacity : most;
    uint8_t *pixels = hem__reallocarray(t->pixels, capacity, t->image);
    if (pixels == NULL)
        return hem__fail_memory(err, name, capacity * t->image);
    t->pixels = pixels;
    uint8_t *labels = hem__reallocarray(t->labels, capacity, 1);
    if (labels == NULL)
        return hem__fail_memory(err, name, capacity);
    t->labels = labels;
    t->capacity = capacity;
    return HEM_OK;
}

/* A pixel at *c, which is moved behind it; false where it is no number 0..255 of up to 3 digits
 * with a comma or the end behind it. */
static inline bool read_pixel(const char **c, const char *end, uint8_t *out)
{
    const char *at = *c;
    unsigned value = 0;
    int digits = 0;
    for (; at < end && (unsigned)(*at - '0') <= 9 && digits < 3; at++, digits++)
        value = value * 10 + (unsigned)(*at - '0');
    *c = at;
    *out = (uint8_t)value;
    return digits > 0 && value <= 255 && (at == end || *at == ',');
}

static hem_status read_row(table *t, const char *line, size_t length, hem_error *err)
{
    HEM_TRY(grow(t, err));
    const char *c = line, *end = line + length;
    uint8_t *pixel = t->pixels + t->n * t->image;
    for (size_t column = 0; column < t->columns; column++) {
        const char *cell = c;
        bool good;
        if (column == t->label) {
            long value;
            size_t n = cell_length(c, end);
            good = is_number(c, n, &value) && hem__label_of(value, t->from, &t->labels[t->n]);
            c += n;
        } else {
            good = read_pixel(&c, end, pixel++);
        }
        if (!good)
            return fail_cell(t, column, cell, cell_length(cell, end), err);
        if ((c == end) != (column + 1 == t->columns))
            return fail_count(t, count_columns(line, length), err);
        c += c < end; /* the comma */
    }
    t->n++;
    return HEM_OK;
}

static hem_status read_line(table *t, const char *line, size_t length, hem_images *out,
                            hem_error *err)
{
    if (length == 0 && t->columns == 0) {
        fail_line(&t->lines, err, "the first line is empty");
        return hem__hint(err, "a row for each image is expected: a label and the pixels");
    }
    if (t->blank) {
        t->lines.number--;
        fail_line(&t->lines, err, "the line is empty, and more follows it");
        return hem__hint(err, "remove it: one empty line may stand at the end alone");
    }
    if (length == 0) {
        t->blank = true;
        return HEM_OK;
    }
    if (t->columns == 0) {
        if (memchr(line, '\r', length) != NULL) {
            fail_line(&t->lines, err, "the lines end in CR alone, and so all are one");
            return hem__hint(err, "write them with LF, for example: tr '\\r' '\\n' <%s >new.csv",
                             t->lines.reader.name);
        }
        HEM_TRY(begin(t, line, length, out, err));
        if (t->header != NULL)
            return HEM_OK;
    }
    return read_row(t, line, length, err);
}

static hem_status read_lines(table *t, hem_images *out, hem_error *err)
{
    for (;;) {
        const char *line;
        size_t length;
        HEM_TRY(next_line(&t->lines, &line, &length, err));
        if (line == NULL)
            break;
        if (t->lines.number == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
            line += 3; /* the mark that some programs put before UTF-8 */
            length -= 3;
        }
        HEM_TRY(read_line(t, line, length, out, err));
    }
    if (t->n > 0)
        return HEM_OK;
    const char *name = t->lines.reader.name;
    hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                 t->columns > 0 ? "the file holds a header and no rows" : "the file is empty");
    return hem__hint(err, "a row for each image is expected: a label and the pixels");
}

/* What was found out, in one line. */
static void note(const table *t, const hem_images *images, const hem_data_options *options)
{
    char column[80];
    hem__note(options, HEM_LOG_NOTE, "%s: %zu images of %d x %d x %d, %s, labels in %s",
              t->lines.reader.name, t->n, images->height, images->width, images->channels,
              t->header ? "names in line 1" : "no header", column_name(t, t->label, column));
}

static hem_status finish(table *t, hem_images *images, const hem_data_options *options,
                         hem__pair *out, hem_error *err)
{
    const char *name = t->lines.reader.name;
    uint8_t *fitted = hem__reallocarray(t->pixels, t->n, t->image); /* smaller: the same block */
    images->pixels = fitted != NULL ? fitted : t->pixels;
    images->n = t->n;
    t->pixels = NULL;
    note(t, images, options);
    out->place.first_line = 1 + (t->header != NULL);
    out->place.from = t->from;
    column_name(t, t->label, out->place.column);
    return hem__pair_make(images, t->labels, name, name, out, err);
}

hem_status hem__csv_parse(const uint8_t *bytes, size_t n, const char *name,
                          const hem__data_spec *spec, const hem_data_options *options,
                          hem__pair *out, hem_error *err)
{
    table t = {.spec = spec, .from = spec->label_from};
    hem_images images = {0};
    *out = (hem__pair){0};
    hem_status status = hem__reader_open(&t.lines.reader, bytes, n, name, err);
    size_t bound = hem__reader_bound(&t.lines.reader);
    t.lines.capacity = bound < FIRST_BUFFER ? bound + 1 : FIRST_BUFFER;
    t.lines.buffer = hem__calloc(t.lines.capacity, 1);
    if (status == HEM_OK && t.lines.buffer == NULL)
        status = hem__fail_memory(err, name, FIRST_BUFFER);
    if (status == HEM_OK)
        status = read_lines(&t, &images, err);
    if (status == HEM_OK)
        status = finish(&t, &images, options, out, err);
    hem__reader_close(&t.lines.reader);
    free(t.lines.buffer);
    free(t.header);
    free(t.pixels);
    free(t.labels);
    if (status != HEM_OK)
        hem__pair_release(out);
    return status;
}

hem_status hem__csv_read(const char *path, const hem__data_spec *spec,
                         const hem_data_options *options, hem__pair *out, hem_error *err)
{
    *out = (hem__pair){0};
    unsigned char *bytes;
    size_t n;
    HEM_TRY(hem__file_read(path, MOST_FILE_BYTES, HEM_ERR_DATA, &bytes, &n, err));
    hem_status status = hem__csv_parse(bytes, n, path, spec, options, out, err);
    free(bytes);
    return status;
}
