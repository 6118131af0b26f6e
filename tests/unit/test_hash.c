/* SHA-256 against FIPS 180-2's examples, XXH3 against xxHash's own, pieces against the whole. */
#include "unit/support.h"

#include "base/hash.h"

static void test_sha256(void **state)
{
    (void)state;
    char hex[65];
    hem__sha256_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hem__sha256_of(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    hem__sha256 *hash = hem__sha256_new();
    hem__sha256_add(hash, text, 10);
    hem__sha256_add(hash, text + 10, 0);
    hem__sha256_add(hash, text + 10, strlen(text) - 10);
    hem__sha256_finish(hash, hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_no_hash(void **state)
{
    (void)state;
    char hex[65] = "x";
    hem__sha256_add(NULL, "abc", 3);
    hem__sha256_finish(NULL, hex);
    assert_string_equal(hex, "");
}

static void test_xxh3(void **state)
{
    (void)state;
    static unsigned char bytes[5000];
    assert_int_equal(hem__xxh3(NULL, 0), 0x2d06800538d394c2u);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    uint64_t whole = hem__xxh3(bytes, sizeof bytes);
    hem__xxh3_state *pieces = hem__xxh3_new();
    assert_non_null(pieces);
    for (size_t i = 0; i < sizeof bytes; i += 625)
        hem__xxh3_add(pieces, bytes + i, 625);
    hem__xxh3_add(pieces, NULL, 0);
    assert_int_equal(hem__xxh3_finish(pieces), whole);
    bytes[1234] ^= 1;
    assert_int_not_equal(hem__xxh3(bytes, sizeof bytes), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_no_hash),
        cmocka_unit_test(test_xxh3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
