/* Calls: tail, mutual, no-return, recursive; library code that the compiler adds. */
typedef unsigned long u64;
#define N __attribute__((noinline))
static volatile u64 sink;
static N int odd(int n);
static N int even(int n) { return n == 0 ? 1 : odd(n - 1); }
static N int odd(int n) { return n == 0 ? 0 : even(n - 1); }
static N u64 fib(u64 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static N __attribute__((noreturn)) void stop(void) {
    *(volatile unsigned *)0x100000 = 0x5555;
    for (;;) { }
}
static N int check(int x) {
    if (x > 1000) stop();
    return x + 1;
}
static N u64 many(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j) { return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j; }
static N int tail(int x) { return check(x * 2); }
static N int conditional_tail(int x) {
    if (x & 1) return tail(x);
    return check(x);
}
static N void trap(void) { __asm__ volatile(".option push\n.option norvc\necall\n.option pop" ::: "memory"); }
struct big { u64 v[40]; };
static N struct big copy(struct big b) { b.v[3]++; return b; }
static N u64 local(int n) {
    u64 a[12];
    for (int i = 0; i < 12; i++) a[i] = (u64)(i * n);
    for (int i = 0; i < 12; i++) sink += a[i];
    return a[n & 7];
}
void *memcpy(void *to, const void *from, u64 n) {
    char *t = to;
    const char *f = from;
    while (n--) *t++ = *f++;
    return to;
}
void *memset(void *to, int c, u64 n) {
    char *t = to;
    while (n--) *t++ = (char)c;
    return to;
}
int main(void) {
    struct big b = {{1, 2, 3}};
    for (int i = 0; i < 20; i++) sink += (u64)even(i) + (u64)conditional_tail(i) + many(1, 2, 3, 4, 5, 6, 7, 8, (u64)i, sink) + local(i);
    trap();
    b = copy(b);
    sink += fib(9) + b.v[3];
    trap();
    return check(2000);
}
