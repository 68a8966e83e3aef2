/* An interpreter: dispatch by a switch and by a table of functions, over programs with loops of their own. */
#include "bench.h"

enum op { PUSH, ADD, SUB, MUL, DUP, SWAP, JUMP_NOT_ZERO, LOAD, STORE, HALT, OPS };
struct insn {
    u8 op;
    i8 value;
};
static i64 stack[16], cells[4];
static int depth;

static void op_push(int x) { stack[depth++ & 15] = x; }
static void op_add(int x) { (void)x; depth--; stack[(depth - 1) & 15] += stack[depth & 15]; }
static void op_sub(int x) { (void)x; depth--; stack[(depth - 1) & 15] -= stack[depth & 15]; }
static void op_mul(int x) { (void)x; depth--; stack[(depth - 1) & 15] *= stack[depth & 15]; }
static void op_dup(int x) { (void)x; stack[depth & 15] = stack[(depth - 1) & 15]; depth++; }
static void op_swap(int x) {
    (void)x;
    i64 t = stack[(depth - 1) & 15];
    stack[(depth - 1) & 15] = stack[(depth - 2) & 15];
    stack[(depth - 2) & 15] = t;
}
static void op_load(int x) { stack[depth++ & 15] = cells[x & 3]; }
static void op_store(int x) { cells[x & 3] = stack[--depth & 15]; }
static void op_none(int x) { (void)x; }
static void (*const operations[OPS])(int) = {op_push, op_add, op_sub, op_mul, op_dup, op_swap, op_none, op_load, op_store, op_none};

static NOINLINE i64 by_switch(const struct insn *code, int most) {
    int pc = 0;
    depth = 0;
    while (most-- > 0) { /* @by-switch */
        const struct insn *i = &code[pc++];
        switch (i->op) {
        case PUSH: stack[depth++ & 15] = i->value; break;
        case ADD: depth--, stack[(depth - 1) & 15] += stack[depth & 15]; break;
        case SUB: depth--, stack[(depth - 1) & 15] -= stack[depth & 15]; break;
        case MUL: depth--, stack[(depth - 1) & 15] *= stack[depth & 15]; break;
        case DUP: stack[depth & 15] = stack[(depth - 1) & 15], depth++; break;
        case SWAP: op_swap(0); break;
        case JUMP_NOT_ZERO: pc = stack[--depth & 15] ? i->value : pc; break;
        case LOAD: stack[depth++ & 15] = cells[i->value & 3]; break;
        case STORE: cells[i->value & 3] = stack[--depth & 15]; break;
        case HALT: return stack[0];
        }
    }
    return -1;
}

static NOINLINE i64 by_table(const struct insn *code, int most) {
    int pc = 0;
    depth = 0;
    for (; most > 0; most--) { /* @by-table */
        const struct insn *i = &code[pc++];
        u8 op = i->op;
        if (op >= OPS)
            return -2;
        if (op == HALT)
            return stack[0];
        operations[op](i->value);
        if (op == JUMP_NOT_ZERO && stack[--depth & 15])
            pc = i->value;
    }
    return -1;
}

/* 10 + 9 + … + 1 in cell 0 */
static const struct insn sum[] = {{PUSH, 0}, {STORE, 0}, {PUSH, 10}, {DUP, 0}, {LOAD, 0}, {ADD, 0}, {STORE, 0}, {PUSH, 1}, {SUB, 0}, {DUP, 0},
                                  {JUMP_NOT_ZERO, 3}, {LOAD, 0}, {ADD, 0}, {HALT, 0}};
static const struct insn forever[] = {{PUSH, 1}, {JUMP_NOT_ZERO, 0}, {HALT, 0}};
static const struct insn powers[] = {{PUSH, 3}, {PUSH, 2}, {SWAP, 0}, {MUL, 0}, {DUP, 0}, {MUL, 0}, {HALT, 0}};

int main(void) {
    int wrong = 0;
    wrong += by_switch(sum, 300) != 55 || by_table(sum, 300) != 55;
    wrong += by_switch(forever, 299 + (int)bench_seed) != -1 || by_table(forever, 299 + (int)bench_seed) != -1;
    wrong += by_switch(powers, 300) != 36 || by_table(powers, 300) != 36;
    return wrong != 0;
}
