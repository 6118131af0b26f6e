/* The characters of an experiment file. */
#ifndef HEM_SPEC_TEXT_H
#define HEM_SPEC_TEXT_H

#include "spec/spec.h"

/* Refuses what is not UTF-8, control characters (NUL among them), tabs as indentation and YAML
 * directives, with the place. `override` as for hem__tree_parse(). */
hem_status hem__text_check(const hem_spec *spec, const char *text, size_t length, size_t override,
                           hem_error *err);
/* The character at text[0..left): its code point, *bytes long. -1: not UTF-8. */
int hem__utf8_next(const char *text, size_t left, size_t *bytes);
/* True where a text may hold this character: no control character, no invisible line end or byte
 * order mark, with which a text could show as something else than it is. */
bool hem__utf8_printable(int c);

#endif
