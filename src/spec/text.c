/* The characters of an experiment file, looked at before the YAML parser sees them: UTF-8 without
 * control characters, spaces for indentation, no directives. */
#include "spec/text.h"

int hem__utf8_next(const char *text, size_t left, size_t *bytes)
{
    const unsigned char *c = (const unsigned char *)text;
    *bytes = 1;
    if (left == 0)
        return -1;
    if (c[0] < 0x80)
        return c[0];
    /* First byte, and the least code point that needs so many bytes (a longer form than needed is
     * not UTF-8): RFC 3629. */
    size_t n = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    static const int least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (c[0] < 0xC2 || c[0] > 0xF4 || n > left)
        return -1;
    int code = c[0] & (0x7F >> n);
    for (size_t i = 1; i < n; i++) {
        if ((c[i] & 0xC0) != 0x80)
            return -1;
        code = code << 6 | (c[i] & 0x3F);
    }
    if (code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return -1;
    *bytes = n;
    return code;
}

bool hem__utf8_printable(int c)
{
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    bool line_end = c == 0x2028 || c == 0x2029;
    return !control && !line_end && c != 0xFEFF && (c & 0xFFFE) != 0xFFFE;
}

/* True where only a comment or nothing follows the white space at text. */
static bool rest_is_blank(const char *text, size_t left)
{
    size_t n = 0;
    while (n < left && (text[n] == ' ' || text[n] == '\t'))
        n++;
    return n == left || text[n] == '\n' || text[n] == '\r' || text[n] == '#';
}

hem_status hem__text_check(const hem_spec *spec, const char *text, size_t length, size_t override,
                           hem_error *err)
{
    hem__at at = {1, 1};
    bool indentation = true; /* only white space so far on this line */
    for (size_t i = 0; i < length;) {
        size_t bytes;
        int c = hem__utf8_next(text + i, length - i, &bytes);
        hem__at here = override > 0 ? (hem__at){-(int) override, 0} : at;
        if (c < 0) {
            hem__spec_fail(spec, here, err, "byte 0x%02X is not UTF-8", (unsigned char)text[i]);
            return hem__hint(err, "save the file in the encoding UTF-8");
        }
        if (c == '\t' && indentation && !rest_is_blank(text + i, length - i)) {
            hem__spec_fail(spec, here, err, "a tab used as indentation");
            return hem__hint(err, "indent with spaces");
        }
        if (c == '%' && at.column == 1) { /* '%YAML 1.1' would change what the rest means */
            hem__spec_fail(spec, here, err, "a line that begins with '%%'");
            return hem__hint(err, "remove it: YAML directives are not allowed");
        }
        bool white = c == '\t' || c == '\n' || c == '\r';
        bool byte_order_mark = i == 0 && c == 0xFEFF;
        if (!white && !byte_order_mark && !hem__utf8_printable(c)) {
            hem__spec_fail(spec, here, err, "control character U+%04X", (unsigned)c);
            return hem__hint(err, "remove it; is this really a text file?");
        }
        bool line_ends = c == '\n' || (c == '\r' && !(i + 1 < length && text[i + 1] == '\n'));
        indentation = line_ends || (indentation && (c == ' ' || c == '\t'));
        at.line += line_ends;
        at.column = line_ends ? 1 : at.column + !byte_order_mark;
        i += bytes;
    }
    return HEM_OK;
}
