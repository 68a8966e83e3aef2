/* decode.c against the assembler: decode_rows.h is made at build time from mnemonics (decode_rows.py). */
#include "tracer/platform/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct row {
    const char *text;
    uint32_t code;
    enum decode_kind kind;
    uint32_t bytes;
    int32_t offset;
} rows[] = {
#include "decode_rows.h"
};

static void test_rows(void **state)
{
    int bad = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct decoded d = decode(r->code);
        if (d.kind == r->kind && d.bytes == r->bytes && d.offset == r->offset) continue;
        print_error("%s (0x%08x): kind %d, %u bytes, offset %d; expected %d, %u, %d\n", r->text, r->code, d.kind, d.bytes, d.offset, r->kind,
                    r->bytes, r->offset);
        bad++;
    }
    assert_int_equal(bad, 0);
    assert_true(sizeof rows / sizeof *rows > 160);
}

static void test_csr_number(void **state)
{
    (void)state;
    assert_int_equal(decode(0x18051073).csr, 0x180); /* csrw satp, a0 */
    assert_int_equal(decode(0x10529073).csr, 0x105); /* csrw stvec, t0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_csr_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
