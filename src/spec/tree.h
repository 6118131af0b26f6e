/* A YAML text as a tree of scalars, lists and mappings in which every node knows its place. Knows
 * YAML and nothing about experiments: what a scalar means is for the key tables to say. */
#ifndef HEM_SPEC_TREE_H
#define HEM_SPEC_TREE_H

#include "spec/spec.h"

enum {
    HEM__TREE_MAX_BYTES = 1 << 20,
    HEM__TREE_MAX_DEPTH = 32,     /* lists and mappings inside each other */
    HEM__TREE_MAX_NODES = 1 << 16 /* a thousand layers with all their keys need a third of it */
};

typedef enum hem__yaml_kind { HEM__YAML_SCALAR, HEM__YAML_LIST, HEM__YAML_MAP } hem__yaml_kind;

typedef struct hem__yaml hem__yaml;
struct hem__yaml {
    hem__yaml_kind kind;
    hem__at at;
    bool quoted; /* a scalar in quotes or a block scalar: text, never a number */
    char *text;  /* scalar: UTF-8 without control characters but line ends and tabs */
    char *key;   /* entry of a mapping: its key, else NULL */
    hem__at key_at;
    hem__yaml *first; /* entries of a list or mapping */
    hem__yaml *next;  /* the entry after this one in the same list or mapping */
};

/* Builds the tree of `length` bytes. `override` = 0 for the file, else 1 + the index of the
 * override whose value this is: every place then names that override. An empty text becomes an
 * empty scalar. Refused with their place: what is not YAML or not UTF-8, control characters, tabs
 * as indentation, aliases, anchors, tags, merge keys, directives, a second document, more than the
 * limits above, values of more than 256 lines. One pass over the text; nothing is ever expanded.
 * Keys may repeat: whoever reads a mapping checks that. */
hem_status hem__tree_parse(const hem_spec *spec, const char *text, size_t length, size_t override,
                           hem__yaml **out, hem_error *err);

/* A node without entries; text and key are copied and may be NULL. NULL = no memory. */
hem__yaml *hem__yaml_new(hem__yaml_kind kind, const char *text, const char *key, hem__at at);
/* Frees a node, its entries and the entries after it. Accepts NULL. */
void hem__yaml_free(hem__yaml *node);
/* The first entry with this key, or NULL. */
hem__yaml *hem__yaml_find(hem__yaml *map, const char *key);

#endif
