#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/potoroo-base-XXXXXX";

static char *write_file(const char *name, const char *text) {
    char *path = str_printf("%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return path;
}

static void errors_chain_outermost_first(void **state) {
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(&e, ERR_INPUT, "checksum %d", 7), -1);
    assert_int_equal(err_wrap(&e, "frame %d", 3), -1);
    assert_string_equal(e.text, "frame 3: checksum 7");
    assert_int_equal(e.kind, ERR_INPUT);
    for (int i = 0; i < 1000; i++)
        err_wrap(&e, "context");
    assert_true(strlen(e.text) < sizeof e.text);
}

static void map_keeps_what_is_put(void **state) {
    (void)state;
    struct map m = {0};
    uint64_t v = 0;
    assert_false(map_get(&m, 0, &v));
    for (uint64_t k = 0; k < 10000; k++)
        map_put(&m, k * k, k);
    map_put(&m, 4, 77);
    assert_int_equal(m.len, 10000);
    for (uint64_t k = 3; k < 10000; k++) {
        assert_true(map_get(&m, k * k, &v));
        assert_int_equal(v, k);
    }
    assert_true(map_get(&m, 4, &v));
    assert_int_equal(v, 77);
    assert_false(map_get(&m, 2, &v));
    map_free(&m);
}

static void arena_memory_is_zeroed_and_apart(void **state) {
    (void)state;
    struct arena *a = arena_new();
    unsigned char *big = arena_alloc(a, 1 << 20), *small = arena_alloc(a, 3);
    for (size_t i = 0; i < 1 << 20; i++)
        assert_int_equal(big[i], 0);
    memset(small, 1, 3);
    assert_int_equal(big[(1 << 20) - 1], 0);
    assert_string_equal(arena_printf(a, "%s-%d", arena_strdup(a, "x"), 5), "x-5");
    arena_free(a);
}

static int collect(void *user, const char *section, const char *key, const char *value, int line, struct err *e) {
    char *log = user;
    if (key && strcmp(key, "bad") == 0)
        return err_set(e, ERR_INPUT, "unknown key '%s'", key);
    sprintf(log + strlen(log), "%s/%s=%s@%d ", section, key ? key : "-", value ? value : "-", line);
    return 0;
}

static void ini_tells_lines(void **state) {
    (void)state;
    struct err e = {0};
    char log[512] = "";
    char *good = write_file("good.ini", "# c\n[a]\nx = 1\n\n[b c]\ny = 2 3\n");
    assert_int_equal(ini_each(good, collect, log, &e), 0);
    assert_string_equal(log, "a/-=-@3 a/x=1@3 b c/-=-@6 b c/y=2 3@6 ");
    char *bad = write_file("bad.ini", "[a]\nx = 1\nbad = 3\n");
    assert_int_equal(ini_each(bad, collect, log, &e), -1);
    assert_non_null(strstr(e.text, "bad.ini:3: unknown key 'bad'"));
    char *torn = write_file("torn.ini", "[a]\nwhat is this\n");
    assert_int_equal(ini_each(torn, collect, log, &e), -1);
    assert_non_null(strstr(e.text, "torn.ini:2: "));
    assert_int_equal(ini_each("/nonexistent", collect, log, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    free(good);
    free(bad);
    free(torn);
}

static void files_appear_whole_or_not_at_all(void **state) {
    (void)state;
    struct err e = {0};
    char *path = write_file("result", "old"), *data;
    size_t size;
    struct atomic_file *f = atomic_open(path, &e);
    fputs("half", atomic_stream(f));
    atomic_abort(f);
    assert_int_equal(file_read(path, &data, &size, &e), 0);
    assert_string_equal(data, "old");
    free(data);
    f = atomic_open(path, &e);
    fputs("whole", atomic_stream(f));
    assert_int_equal(atomic_commit(f, &e), 0);
    assert_int_equal(file_read(path, &data, &size, &e), 0);
    assert_string_equal(data, "whole");
    assert_int_equal(size, 5);
    free(data);
    if (access("/dev/full", W_OK) == 0) { /* a full disk: the write must be reported */
        FILE *full = freopen("/dev/full", "w", atomic_stream(f = atomic_open(path, &e)));
        assert_non_null(full);
        fputs("lost", full);
        assert_int_equal(atomic_commit(f, &e), -1);
        assert_int_equal(file_read(path, &data, &size, &e), 0);
        assert_string_equal(data, "whole");
        free(data);
    }
    free(path);
}

static void children_are_bounded(void **state) {
    (void)state;
    struct err e = {0};
    struct child_result r;
    char *ok[] = {"sh", "-c", "exit 5", NULL}, *slow[] = {"sh", "-c", "sleep 60 & sleep 60", NULL}, *none[] = {"/nonexistent/x", NULL};
    assert_int_equal(child_run(ok, (struct child_limits){.seconds = 20}, -1, -1, &r, &e), 0);
    assert_int_equal(r.status, 5);
    assert_false(r.timed_out);
    assert_int_equal(child_run(slow, (struct child_limits){.seconds = 0.1}, -1, -1, &r, &e), 0);
    assert_true(r.timed_out);
    assert_int_equal(child_run(none, (struct child_limits){.seconds = 20}, -1, -1, &r, &e), -1);
    assert_non_null(strstr(e.text, "/nonexistent/x"));
}

static void numbers_are_whole_strings(void **state) {
    (void)state;
    uint64_t v;
    assert_int_equal(parse_u64("0x80000000", &v), 0);
    assert_int_equal(v, 0x80000000);
    assert_int_equal(parse_u64("18446744073709551615", &v), 0);
    const char *bad[] = {"", "-1", " 1", "1x", "0x", "18446744073709551616", "+3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse_u64(bad[i], &v), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_chain_outermost_first), cmocka_unit_test(map_keeps_what_is_put),
        cmocka_unit_test(arena_memory_is_zeroed_and_apart), cmocka_unit_test(ini_tells_lines),
        cmocka_unit_test(files_appear_whole_or_not_at_all), cmocka_unit_test(children_are_bounded),
        cmocka_unit_test(numbers_are_whole_strings),
    };
    if (!mkdtemp(dir))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *clean[] = {"rm", "-rf", dir, NULL};
    struct child_result r;
    struct err e;
    child_run(clean, (struct child_limits){.seconds = 20}, -1, -1, &r, &e);
    return failed;
}
