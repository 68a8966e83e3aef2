/* Loops of many shapes. The check runs this and compares how often each header ran with what was derived. */
typedef unsigned long u64;
typedef long i64;
typedef unsigned u32;
typedef unsigned char u8;
#define N __attribute__((noinline))

static int table[128];
static u8 bytes[300];
static volatile u64 sink;
static u64 state = 88172645463325252ul;

static N u64 next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}
N void constant(int n) { for (int i = 0; i < 64; i++) table[i] = n + i; }
N void down(int n) { for (int i = 63; i >= 0; i--) table[i] -= n; }
N void clamp(int n) {
    if (n > 50) n = 50;
    for (int i = 0; i < n; i++) table[i] += 3;
}
N void clamp_unsigned(u32 n) {
    if (n > 50) n = 50;
    for (u32 i = 0; i < n; i++) table[i] += 3;
}
N int mask(u32 n) {
    int s = 0;
    for (u32 i = 0; i < (n & 15); i++) s += table[i];
    return s;
}
N int bits(u32 x) {
    int c = 0;
    while (x) { c += x & 1; x >>= 1; }
    return c;
}
N int bits64(u64 x) {
    int c = 0;
    for (; x; x >>= 3) c++;
    return c;
}
N int digits(u32 x) {
    int c = 1;
    while (x > 9) { c++; x /= 10; }
    return c;
}
N void bubble(void) {
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 20 - i - 1; j++)
            if (table[j] > table[j + 1]) { int t = table[j]; table[j] = table[j + 1]; table[j + 1] = t; }
}
N int search(int k) {
    int lo = 0, hi = 127;
    while (lo <= hi) {
        int m = (lo + hi) / 2;
        if (table[m] == k) return m;
        if (table[m] < k) lo = m + 1; else hi = m - 1;
    }
    return -1;
}
N int early(int k) {
    for (int i = 0; i < 100; i++) if (table[i] == k) return i;
    return -1;
}
N u64 two_exits(u64 n) {
    u64 s = 0;
    for (int i = 0; i < 40; i++) { if (s > n) break; s += bytes[i]; }
    return s;
}
N int step3(void) {
    int s = 0;
    for (int i = 1; i < 100; i += 3) s += table[i];
    return s;
}
N int step_down(void) {
    int s = 0;
    for (int i = 99; i > 0; i -= 7) s += table[i];
    return s;
}
N int doubling(void) {
    int s = 0;
    for (u32 i = 1; i < 1000; i *= 2) s += i;
    return s;
}
N void matrix(i64 (*a)[8], i64 (*b)[8], i64 (*c)[8]) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            i64 s = 0;
            for (int k = 0; k < 8; k++) s += a[i][k] * b[k][j];
            c[i][j] = s;
        }
}
N u32 crc(const u8 *p, int n) {
    u32 c = ~0u;
    if (n > 200) n = 200;
    while (n-- > 0) {
        c ^= *p++;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    return ~c;
}
N int length(const char *s) {
    int n = 0;
    while (s[n]) n++;
    return n;
}
N u64 gcd(u64 a, u64 b) {
    while (b) { u64 t = a % b; a = b; b = t; }
    return a;
}
N int wrap8(u8 from) { /* wraps once through 255 */
    int n = 0;
    for (u8 i = from; i != 10; i++) n++;
    return n;
}
N int signed_edge(int from) {
    int n = 0;
    for (int i = from; i < 0x7fffffff; i++) n++;
    return n;
}
N int unsigned_down(u32 n) {
    int c = 0;
    if (n > 30) n = 30;
    for (u32 i = n; i-- > 0;) c += table[i];
    return c;
}
N int do_while(int n) {
    int c = 0;
    do { c += n; n--; } while (n > 0 && c < 1000);
    return c;
}
N int triangle(int n) {
    int c = 0;
    if (n > 12) n = 12;
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++)
            for (int k = 0; k <= j; k++) c++;
    return c;
}
N int nested_break(void) {
    int c = 0;
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 10; j++) { if (table[j] == i) break; if (table[j] & 1) continue; c++; }
    return c;
}
N int irreducible(int n) {
    int c = 0;
    if (n & 1) goto middle;
    do {
        c += 2;
middle:
        c += 3;
    } while (c < n);
    return c;
}
N int changed_limit(int n) { /* the limit moves inside the loop */
    int c = 0;
    if (n > 20) n = 20;
    for (int i = 0; i < n; i++) { c++; if (i == 5) n += 4; }
    return c;
}
N int collatz(u64 n) {
    int c = 0;
    while (n != 1) { n = n & 1 ? 3 * n + 1 : n / 2; c++; }
    return c;
}
N void pointers(u8 *p, const u8 *end) { while (p < end) *p++ = 1; }
N void block_copy(u8 *to, const u8 *from) { for (int i = 0; i < 256; i++) to[i] = from[i]; }
N int conditional_step(int n) {
    int c = 0;
    for (int i = 0; i < 30;) { c++; if (table[i] > n) i += 2; else i++; }
    return c;
}
N int local_array(int n) {
    int a[16];
    for (int i = 0; i < 16; i++) a[i] = i * n;
    int s = 0;
    for (int i = 0; i < 16; i++) s ^= a[i];
    return s;
}
N u64 popcount(u64 x) {
    u64 c = 0;
    for (; x; c++) x &= x - 1;
    return c;
}
N u64 long_loop(u64 from, u64 to) {
    u64 c = 0;
    for (u64 i = from; i < to; i += 8) c++;
    return c;
}
N int volatile_limit(volatile int *n) {
    int c = 0;
    if (*n < 10) for (int i = 0; i < *n; i++) { c++; if (c == 3) *n = 15; }
    return c;
}
N double floats(double x) {
    double s = 0;
    for (int i = 0; i < 10; i++) s = s * x + i;
    return s;
}
int main(void) {
    static i64 a[8][8], b[8][8], c[8][8];
    constant(5); down(2); matrix(a, b, c);
    for (int i = 0; i < 300; i++) bytes[i] = (u8)next();
    static const int edges[] = {0, 1, 2, 5, 16, 49, 50, 51, 200, -1, 0x7fffffff, (int)0x80000000};
    for (u32 k = 0; k < sizeof edges / sizeof *edges; k++) {
        int n = edges[k];
        clamp(n); clamp_unsigned((u32)n); sink += (u64)mask((u32)n) + (u64)bits((u32)n) + (u64)digits((u32)n) + (u64)unsigned_down((u32)n);
        sink += (u64)triangle(n) + (u64)do_while(n & 63) + (u64)changed_limit(n) + (u64)early(n) + two_exits((u64)n & 8191);
        sink += (u64)irreducible(n & 127) + (u64)conditional_step(n) + (u64)search(n) + bits64((u64)n) + popcount((u64)n) + (u64)local_array(n);
    }
    for (int k = 0; k < 6; k++) {
        u64 r = next();
        sink += gcd(r, next() | 1) + (u64)wrap8((u8)r) + (u64)bits((u32)r) + bits64(r) + (u64)digits((u32)r) + popcount(r) + (u64)collatz((r & 31) + 1);
        sink += crc(bytes, (int)(r & 255));
    }
    sink += bits64(~0ul) + popcount(~0ul) + (u64)digits(~0u) + (u64)bits(~0u);
    bubble();
    sink += (u64)step3() + (u64)step_down() + (u64)doubling() + (u64)nested_break() + (u64)length("forty-two bytes or fewer");
    sink += (u64)signed_edge(0x7ffffff0) + (u64)wrap8(11) + (u64)wrap8(9) + (u64)wrap8(10) + long_loop(0, 800) + long_loop(~0ul - 100, ~0ul - 7) + long_loop(5, 3);
    pointers(bytes, bytes + 77); pointers(bytes, bytes);
    block_copy(bytes, (const u8 *)table);
    volatile int nine = 9;
    sink += (u64)volatile_limit(&nine);
    sink += (u64)floats((double)(i64)(state & 7));
    return 0;
}
