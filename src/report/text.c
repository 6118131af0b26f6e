/* Text for pages and drawings: only whole characters of UTF-8, escaped; bytes in base 64. */
#include <stdint.h>
#include <string.h>

#include "report/canvas.h"

/* Bytes of the character that begins here, 0 where it is not UTF-8 or no character of XML. */
static size_t character_length(const unsigned char *c)
{
    size_t n = c[0] < 0x80                   ? 1
               : c[0] >= 0xC2 && c[0] < 0xE0 ? 2
               : (c[0] & 0xF0) == 0xE0       ? 3
               : c[0] >= 0xF0 && c[0] < 0xF5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++) {
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((n == 3 && c[0] == 0xE0 && c[1] < 0xA0) || (n == 4 && c[0] == 0xF0 && c[1] < 0x90))
        return 0; /* a longer form than the character needs */
    if ((n == 3 && c[0] == 0xED && c[1] >= 0xA0) || (n == 4 && c[0] == 0xF4 && c[1] >= 0x90) ||
        (n == 3 && c[0] == 0xEF && c[1] == 0xBF && c[2] >= 0xBE))
        return 0; /* surrogates, beyond Unicode, and the two that are none */
    return n == 1 && (c[0] < 0x20 || c[0] == 0x7F) && c[0] != '\n' && c[0] != '\t' ? 0 : n;
}

void hem__clean_text(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c != '\0';) {
        size_t n = character_length(c);
        if (n == 0)
            *c = '?';
        c += n > 0 ? n : 1;
    }
}

void hem__add_escaped(hem__str *out, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c != '\0') {
        size_t n = character_length(c);
        if (n == 0)
            hem__str_add(out, "?");
        else if (*c == '&')
            hem__str_add(out, "&amp;");
        else if (*c == '<')
            hem__str_add(out, "&lt;");
        else if (*c == '>')
            hem__str_add(out, "&gt;");
        else if (*c == '"')
            hem__str_add(out, "&quot;");
        else
            hem__str_add_bytes(out, c, n);
        c += n > 0 ? n : 1;
    }
}

void hem__add_base64(hem__str *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)b[i] << 16;
        three |= i + 1 < n ? (uint32_t)b[i + 1] << 8 : 0;
        three |= i + 2 < n ? b[i + 2] : 0;
        char four[4];
        for (int k = 0; k < 4; k++)
            four[k] = digits[three >> (18 - 6 * k) & 63];
        if (i + 2 >= n)
            four[3] = '=';
        if (i + 1 >= n)
            four[2] = '=';
        hem__str_add_bytes(out, four, 4);
    }
}
