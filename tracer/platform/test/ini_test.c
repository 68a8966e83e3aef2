/* platform_ini.c: what it reads, and one clear line for each thing that it must not accept. */
#include "tracer/platform/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/platform-ini-XXXXXX";

static int load(const char *text, struct platform *p, char error[PLATFORM_ERROR_SIZE])
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return platform_load(path, p, error);
}

static const char core[] = "[core]\nisa = rv64gc\nclock_hz = 1000\n"; /* lines 1 to 3 */

/* core + TEXT must fail, with ":LINE: " (0: no line) and WHY in the message. */
static void expect_error(const char *text, int line, const char *why)
{
    struct platform p;
    char all[4096], error[PLATFORM_ERROR_SIZE] = "", where[300];
    snprintf(all, sizeof all, "%s%s", core, text);
    assert_int_equal(load(all, &p, error), -1);
    if (line) snprintf(where, sizeof where, "%s:%d: ", path, line);
    else snprintf(where, sizeof where, "%s: ", path);
    if (strncmp(error, where, strlen(where)) || !strstr(error, why) || strchr(error, '\n')) fail_msg("%s -> \"%s\", not \"%s…%s\"", text, error, where, why);
}

static void test_defaults(void **state)
{
    struct platform p;
    char error[PLATFORM_ERROR_SIZE] = "";
    (void)state;
    assert_int_equal(load(core, &p, error), 0);
    for (int c = 0; c < CLASS_COUNT; c++) assert_int_equal(p.cost[c], 1);
    assert_int_equal(p.branch_taken + p.trap + p.device_access, 0);
    assert_false(p.l1i.present || p.l1d.present || p.l2.present || p.itlb.present || p.dtlb.present);
    assert_string_equal(p.qemu, "");
}

static void test_all_keys(void **state)
{
    struct platform p;
    char error[PLATFORM_ERROR_SIZE] = "";
    (void)state;
    assert_int_equal(load("[core]\nisa=rv64imac\nclock_hz=5\nalu=2\nmul=3\ndiv=4\nload=5\nstore=6\nbranch=7\nbranch_taken=8\njump=9\ncsr=10\nfence=11\n"
                          "trap=12\nreturn=13\ndevice_access=14\nfp=15\n"
                          "[l1d]\nline=32\nsets=8\nways=3\npolicy=srrip\nwrite=through\nallocate=no\nmiss=16\nevict_dirty=17\n"
                          "[l2]\nline=64\nsets=16\nways=4\npolicy=plru\nmiss=18\n[dtlb]\nentries=5\npage=4096\npolicy=fifo\nmiss=19\n"
                          "[memory]\nram=0x1000\n[uncached]\nbase=0x80000000\nsize=0x2000\n[counter]\naddress=0x80001000\n[run]\nqemu = -cpu rv64 ; a comment\n  -s  \n",
                          &p, error), 0);
    static const uint32_t costs[CLASS_COUNT] = {2, 3, 4, 5, 6, 7, 9, 10, 11, 15, 13};
    assert_memory_equal(p.cost, costs, sizeof costs);
    assert_int_equal(p.branch_taken, 8);
    assert_int_equal(p.trap, 12);
    assert_int_equal(p.device_access, 14);
    assert_true(p.l1d.present && p.l1d.line == 32 && p.l1d.sets == 8 && p.l1d.ways == 3 && p.l1d.policy == POLICY_SRRIP);
    assert_true(!p.l1d.write_back && !p.l1d.allocate && p.l1d.miss == 16 && p.l1d.evict_dirty == 17);
    assert_true(p.l2.present && p.l2.write_back && p.l2.allocate && p.l2.evict_dirty == 0);
    assert_true(p.dtlb.present && p.dtlb.entries == 5 && p.dtlb.policy == POLICY_FIFO && p.dtlb.miss == 19);
    assert_true(p.ram == 4096 && p.uncached_base == 0x80000000 && p.uncached_size == 0x2000 && p.counter == 0x80001000);
    assert_string_equal(p.qemu, "-cpu rv64 -s");
}

static void test_shipped_files(void **state)
{
    struct platform p;
    char error[PLATFORM_ERROR_SIZE] = "";
    (void)state;
    if (platform_load("platforms/reference.ini", &p, error)) fail_msg("%s", error);
    assert_true(p.l1i.present && p.l1d.present && !p.l2.present);
    assert_int_equal(p.counter, 0x87fff000);
    if (platform_load("platforms/reference-l2.ini", &p, error)) fail_msg("%s", error);
    assert_true(p.l2.present);
}

#define LINE_SETS_WAYS "[l1d]\nline=64\nsets=4\nways=4\n" /* lines 4 to 7 */

static void test_errors(void **state)
{
    (void)state;
    expect_error("alu2 = 3\n", 4, "unknown key alu2");
    expect_error("[cache]\nline = 64\n", 4, "unknown section [cache]");
    expect_error("alu = -1\n", 4, "alu = -1");
    expect_error("alu = 1x\n", 4, "must be a number");
    expect_error("alu = 99999999999999999999\n", 4, "must be a number");
    expect_error("alu =\n", 4, "must be a number");
    expect_error("alu = 1\nalu = 2\n", 5, "set twice");
    expect_error("nonsense\n", 4, "neither");
    expect_error(LINE_SETS_WAYS, 4, "[l1d] has no miss");
    expect_error("[l1d]\nline=48\nsets=4\nways=4\nmiss=1\n", 5, "power of two");
    expect_error("[l1d]\nline=64\nsets=6\nways=4\nmiss=1\n", 6, "power of two");
    expect_error("[l1d]\nline=64\nsets=4\nways=0\nmiss=1\n", 7, "at least 1");
    expect_error("[l1d]\nline=64\nsets=4\nways=12\nmiss=1\npolicy=plru\n", 7, "plru");
    expect_error(LINE_SETS_WAYS "miss=1\npolicy=LRU\n", 9, "one of lru fifo plru nru mru srrip random");
    expect_error(LINE_SETS_WAYS "miss=1\nwrite=maybe\n", 9, "back or through");
    expect_error(LINE_SETS_WAYS "miss=1\nallocate=1\n", 9, "yes or no");
    expect_error("[l2]\nline=64\nsets=4\nways=4\nmiss=1\n", 5, "[l2] without");
    expect_error(LINE_SETS_WAYS "miss=1\n[l2]\nline=32\nsets=4\nways=4\nmiss=1\n", 10, "first level");
    expect_error("[itlb]\nentries=0\npage=4096\nmiss=1\n", 5, "entries = 0");
    expect_error("[itlb]\nentries=4\npage=100\nmiss=1\n", 6, "page = 100");
    expect_error("[uncached]\nbase=0x80000010\nsize=4096\n", 4, "multiples of 4096");
    expect_error("[uncached]\nbase=0x80000000\n", 4, "has no size");
    expect_error("[speed]\n", 4, "unknown section [speed]");
    expect_error("[l1i]\n[run]\n", 4, "[l1i] has no line");
    expect_error("isa = rv64i\n", 4, "isa: set twice (first in line 2)");
    expect_error("[run]\nqemu = -a\nqemu = -b\n", 6, "set twice");
    expect_error("[counter]\naddress=0x80000008\n", 5, "multiple of 4096");
}

static void expect_core_error(const char *text, const char *why)
{
    struct platform p;
    char error[PLATFORM_ERROR_SIZE] = "";
    assert_int_equal(load(text, &p, error), -1);
    if (!strstr(error, why)) fail_msg("%s -> \"%s\", not \"%s\"", text, error, why);
}

static void test_core_errors(void **state)
{
    struct platform p;
    char error[PLATFORM_ERROR_SIZE] = "";
    (void)state;
    expect_core_error("alu = 1\n[core]\n", ":1: alu stands before");
    expect_core_error("", "[core] has no isa");
    expect_core_error("[core]\nisa = rv64gc\n", ":1: [core] has no clock_hz");
    expect_core_error("[core]\nclock_hz = 1\n", ":1: [core] has no isa");
    expect_core_error("[core]\nisa = rv32i\nclock_hz = 1\n", ":2: isa = rv32i");
    expect_core_error("[core]\nisa = rv64i\nclock_hz = 0\n", ":3: clock_hz");
    assert_int_equal(platform_load("/nowhere/at-all.ini", &p, error), -1);
    assert_string_equal(error, "/nowhere/at-all.ini: No such file or directory");
}

static void test_long_line(void **state)
{
    char text[3000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "[run]\nqemu = ", 13);
    strcpy(text + sizeof text - 2, "\n");
    expect_error(text, 5, "longer than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_all_keys), cmocka_unit_test(test_shipped_files),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_core_errors), cmocka_unit_test(test_long_line),
    };
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
