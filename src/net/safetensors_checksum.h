/* What reading and writing safetensors share: number types and the checksum's place. */
#ifndef HEM_NET_SAFETENSORS_CHECKSUM_H
#define HEM_NET_SAFETENSORS_CHECKSUM_H

#include "net/safetensors.h"

#define HEM__ST_CHECKSUM_KEY "hemline.xxh3"
enum { HEM__ST_DIGITS = 16 };

const char *hem__st_type_name(hem__st_type type);
size_t hem__st_type_bytes(hem__st_type type);
/* Length of the JSON header; 0 where the file is too short for what it claims. */
size_t hem__st_header_length(const unsigned char *bytes, size_t length);
/* Where the digits of the checksum begin, from the start of the file; 0 = there are none. */
size_t hem__st_find_digits(const unsigned char *bytes, size_t length);
/* The digits that the file should have at `digits`; false = no memory. */
bool hem__st_hash(const unsigned char *bytes, size_t length, size_t digits, char out[17]);

#endif
