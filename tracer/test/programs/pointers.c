#include "program.h"

typedef uint64_t operation(uint64_t, uint64_t);
static uint64_t op_add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t op_mix(uint64_t a, uint64_t b) { return (a ^ b) * 0x9e3779b97f4a7c15u; }
static uint64_t op_div(uint64_t a, uint64_t b) { return b ? a / b : 0; }
static operation *const table[] = {op_add, op_mix, op_div};

__attribute__((noinline)) static uint64_t apply(operation *f, uint64_t a, uint64_t b) { return f(a, b); }

__attribute__((noinline)) static uint64_t sum_of(int n, ...) {
    va_list ap;
    uint64_t s = 0;
    va_start(ap, n);
    while (n--)
        s += va_arg(ap, uint64_t);
    va_end(ap);
    return s;
}

struct big {
    uint64_t v[9];
};
__attribute__((noinline)) static struct big shuffle(struct big b) {
    for (int i = 0; i < 9; i++)
        b.v[i] = b.v[(i * 4 + 1) % 9] + (uint64_t)i;
    return b;
}

static int compare(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

static void sort(uint64_t *v, int n, int (*cmp)(uint64_t, uint64_t)) {
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && cmp(v[j - 1], v[j]) > 0; j--) {
            uint64_t t = v[j];
            v[j] = v[j - 1];
            v[j - 1] = t;
        }
}

void test_pointers(void) {
    uint64_t acc = 1, v[40];
    struct big b;
    for (int i = 0; i < 100; i++)
        acc = apply(table[next_random() % 3], acc, next_random());
    print("apply", acc);
    print("varargs", sum_of(9, acc, (uint64_t)2, (uint64_t)3, (uint64_t)4, (uint64_t)5, (uint64_t)6, (uint64_t)7, (uint64_t)8, (uint64_t)9));
    for (int i = 0; i < 9; i++)
        b.v[i] = next_random();
    b = shuffle(shuffle(b));
    print("struct", b.v[0] ^ b.v[8]);
    for (int i = 0; i < 40; i++)
        v[i] = next_random();
    sort(v, 40, compare);
    print("sort", v[0] ^ v[20] * 3);
}
