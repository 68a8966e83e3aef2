/* Jump tables and constant tables of functions, in the shapes that compilers give them. */
typedef unsigned long u64;
#define N __attribute__((noinline))
static volatile u64 sink;

N int dense(int x) {
    switch (x) {
    case 0: return 13; case 1: sink++; return 7; case 2: return x * 3; case 3: return 99; case 4: sink += 2; return -5;
    case 5: return 21; case 6: return (int)sink; case 7: sink = 3; return 1;
    default: return -1;
    }
}
N int offset(unsigned x) {
    switch (x) {
    case 100: sink++; return 1; case 101: sink += 3; return 5; case 102: sink += 9; return 9; case 103: sink ^= 1; return 12; case 104: return 44;
    case 105: sink <<= 1; return 4; case 107: return 19; case 109: sink--; return 2;
    }
    return 0;
}
N long wide(long x) {
    switch (x) {
    case -3: sink++; return 1; case -2: return x - 9; case -1: sink += 4; return 5; case 0: return 3; case 1: sink--; return 7; case 2: return 11; case 3: sink ^= 5; return 0;
    }
    return x;
}
N int byte(unsigned char x) {
    switch (x & 7) {
    case 0: sink += 5; return 4; case 1: sink ^= 3; return 8; case 2: return 3; case 3: sink--; return 1; case 4: return 0; case 5: sink++; return 2; case 6: sink += 7; return 6;
    default: sink = 0; return 9;
    }
}
N int nested(int x, int y) {
    switch (x) {
    case 0: return 1; case 1: sink++; return 2; case 2: return 4; case 3: sink--; return 5;
    case 4:
        switch (y) { case 0: sink++; return 10; case 1: return 40; case 2: sink += 2; return 30; case 3: sink--; return 99; case 4: return 3; case 5: sink ^= 9; return 7; }
        return 0;
    case 5: return 6; case 6: sink += 9; return 8;
    }
    return -1;
}
N int machine(const char *s) { /* a state machine: a table in a loop */
    int state = 0, n = 0;
    for (int i = 0; i < 64 && s[i]; i++) {
        switch (state) {
        case 0: state = s[i] == 'a' ? 1 : 2; break;
        case 1: state = s[i] == 'b' ? 3 : 0; n++; break;
        case 2: state = 4; sink++; break;
        case 3: state = s[i] & 1 ? 5 : 0; break;
        case 4: state = 0; n += 2; break;
        case 5: state = 6; sink--; break;
        case 6: state = s[i] == 'c' ? 0 : 1; sink += 2; break;
        }
    }
    return n;
}
static N int one(int x) { return x + 1; }
static N int two(int x) { sink++; return x * 2; }
static N int three(int x) { sink--; return x - 3; }
static N int four(int x) { return -x; }
static int (*const operations[4])(int) = {one, two, three, four};
N int pointers(unsigned k, int x) {
    if (k >= 4) return 0;
    return operations[k](x) + 1;
}
N int tail_pointers(unsigned k, int x) { return operations[k & 3](x); }
N int indirect_goto(const unsigned char *p) {
    static const void *const labels[] = {&&add, &&sub, &&dup, &&end};
    int a = 0;
    goto *labels[*p++ & 3];
add: a += 1; goto *labels[*p++ & 3];
sub: a -= 2; goto *labels[*p++ & 3];
dup: a *= 2; goto *labels[*p++ & 3];
end: return a;
}
int main(void) {
    for (int x = -5; x < 120; x++) {
        sink += (u64)dense(x) + (u64)offset((unsigned)x) + (u64)wide(x) + (u64)byte((unsigned char)x) + (u64)pointers((unsigned)x, x) + (u64)tail_pointers((unsigned)x, x);
        for (int y = -1; y < 8; y += 3) sink += (u64)nested(x, y);
    }
    sink += (u64)machine("abacabbabcacbbacabcabcabbcabacbacbabcabcabc") + (u64)indirect_goto((const unsigned char *)"\0\1\2\0\0\2\1\3");
    return 0;
}
