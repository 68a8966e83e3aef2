/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test of objects and capabilities: each invocation's success and each way it can fail, rights, nesting,
 * exhaustion. */
#include "user.h"

#define D(n) ((word)CAP_SCRATCH + 128 + (n))
#define OUTSIDE ((word)1 << ROOT_RADIX)
#define ADDRESS ((word)0x40000000)

static unsigned good, bad;
static struct message got;

#define CHECK(condition) check(condition, #condition, __LINE__)
#define FAILS(error, target, label, a, b, c, d) CHECK(user_invoke(target, label, a, b, c, d) == (error))
#define DONE(target, label, a, b, c, d) FAILS(KERNEL_OK, target, label, a, b, c, d)

static void check(bool condition, const char *text, unsigned line)
{
	good += condition;
	bad += !condition;
	if (condition)
		return;
	uart_text("objects.c:");
	uart_number(line);
	uart_text(": failed: ");
	uart_text(text);
	uart_text("\n");
}

static word call(word number, word target, word info)
{
	word badge = 0;

	got = (struct message){info, {1, 2, 3, 4}};
	return user_syscall(number, target, &got, &badge);
}

static word retype(word slot, word type, word bits, word count)
{
	return user_retype(CAP_POOL, slot, type, bits, count);
}

static bool empty(word slot)
{
	return user_invoke(slot, 0, 0, 0, 0, 0) == KERNEL_BAD_CAP;
}

static void clean(void)
{
	DONE(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0);
}

static void test_retype(void)
{
	CHECK(retype(D(0), TYPES, 12, 1) == KERNEL_BAD_ARGUMENT);
	for (word bits = 0; bits < 16; bits++)
		CHECK(retype(D(0), TYPE_REPLY, bits, 1) == KERNEL_BAD_ARGUMENT && retype(D(0), TYPE_VSPACE, bits, 1) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(D(0), TYPE_NULL, 6, 1) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(D(0), TYPE_TCB, TCB_BITS - 1, 1) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(D(0), TYPE_TCB, TCB_BITS, 0) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(D(0), TYPE_TCB, TCB_BITS, RETYPE_MAX + 1) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(D(0), TYPE_FRAME, 13, 1) == KERNEL_BAD_ARGUMENT);
	CHECK(retype(OUTSIDE, TYPE_TCB, TCB_BITS, 1) == KERNEL_BAD_CAP);
	CHECK(retype(OUTSIDE - 1, TYPE_TCB, TCB_BITS, 2) == KERNEL_BAD_CAP);
	CHECK(retype(CAP_TIMER, TYPE_TCB, TCB_BITS, 1) == KERNEL_BAD_STATE);
	FAILS(KERNEL_BAD_CAP, CAP_POOL, UNTYPED_RETYPE, CAP_TIMER, D(0), TYPE_TCB, 1 << 8 | TCB_BITS);
	CHECK(retype(D(0), TYPE_UNTYPED, 21, 1) == KERNEL_NO_MEMORY);
	CHECK(retype(D(0), TYPE_FRAME, LARGE_BITS, 1) == KERNEL_NO_MEMORY);
	/* exhaustion, nesting, and all of it free again */
	CHECK(retype(D(0), TYPE_UNTYPED, 18, 4) == KERNEL_OK);
	CHECK(retype(D(4), TYPE_ENDPOINT, ENDPOINT_BITS, 1) == KERNEL_NO_MEMORY);
	CHECK(user_retype(D(0), D(4), TYPE_UNTYPED, 17, 2) == KERNEL_OK);
	CHECK(user_retype(D(4), D(6), TYPE_TCB, TCB_BITS, 1) == KERNEL_OK);
	FAILS(KERNEL_BAD_STATE, CAP_CNODE, CNODE_COPY, D(0), D(7), RIGHTS_ALL, 0);
	DONE(CAP_CNODE, CNODE_REVOKE, 0, D(0), 0, 0);
	CHECK(empty(D(4)) && empty(D(5)) && empty(D(6)) && !empty(D(0)));
	clean();
	CHECK(empty(D(0)) && empty(D(3)));
	CHECK(retype(D(0), TYPE_UNTYPED, 20, 1) == KERNEL_OK);
	clean();
	/* memory of devices */
	FAILS(KERNEL_BAD_ARGUMENT, CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(0), TYPE_TCB, 1 << 8 | TCB_BITS);
	DONE(CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(0), TYPE_FRAME, 1 << 8 | HUGE_BITS);
	DONE(D(0), FRAME_MAP, CAP_SPACE + 1, ADDRESS, MAP_READ, 0);
	FAILS(KERNEL_BAD_STATE, D(0), FRAME_MAP, CAP_SPACE + 1, ADDRESS * 2, MAP_READ, 0);
	DONE(D(0), FRAME_UNMAP, 0, 0, 0, 0);
	FAILS(KERNEL_BAD_ARGUMENT, D(0), FRAME_MAP, CAP_SPACE + 1, ADDRESS / 2, MAP_READ, 0);
	FAILS(KERNEL_BAD_ARGUMENT, CAP_THREAD + 1, TCB_CONFIGURE, D(0), TCB_BUFFER, 0, 0);
	DONE(CAP_CNODE, CNODE_REVOKE, 0, CAP_DEVICE, 0, 0);
	CHECK(empty(D(0)));
}

static void test_derivation(void)
{
	CHECK(retype(D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1) == KERNEL_OK);
	CHECK(user_mint(D(0), D(1), RIGHTS_ALL, 5) == KERNEL_OK);
	CHECK(user_mint(D(1), D(2), RIGHTS_ALL, 6) == KERNEL_BAD_STATE);
	DONE(CAP_CNODE, CNODE_COPY, D(1), D(2), RIGHT_SEND, 0);
	CHECK(user_mint(D(0), D(3), RIGHTS_ALL, 6) == KERNEL_OK);
	DONE(CAP_CNODE, CNODE_COPY, D(2), D(4), RIGHTS_ALL, 0);
	CHECK(call(SYS_NBRECV, D(4), 0) == KERNEL_NO_RIGHT);
	DONE(CAP_CNODE, CNODE_REVOKE, 0, D(1), 0, 0);
	CHECK(empty(D(2)) && empty(D(4)) && !empty(D(1)) && !empty(D(3)));
	DONE(CAP_CNODE, CNODE_MOVE, D(1), D(2), 0, 0);
	CHECK(empty(D(1)) && !empty(D(2)));
	DONE(CAP_CNODE, CNODE_ROTATE, D(2), D(4), 0, D(3));
	CHECK(empty(D(2)) && !empty(D(3)) && !empty(D(4)));
	FAILS(KERNEL_BAD_ARGUMENT, CAP_CNODE, CNODE_ROTATE, D(3), D(1), 0, D(3));
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_ROTATE, D(3), D(1), 0, D(1));
	FAILS(KERNEL_BAD_STATE, CAP_CNODE, CNODE_MUTATE, D(3), D(1), 0, 9);
	FAILS(KERNEL_BAD_STATE, CAP_CNODE, CNODE_MOVE, D(3), D(4), 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_MOVE, D(1), D(2), 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_MOVE, D(3), OUTSIDE, 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_REVOKE, 0, D(1), 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_CANCEL, 0, D(1), 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_CNODE, CNODE_SAVE_CALLER, 0, D(1), 0, 0);
	DONE(CAP_CNODE, CNODE_REVOKE, 0, D(0), 0, 0);
	CHECK(empty(D(3)) && empty(D(4)) && !empty(D(0)));
	clean();
	CHECK(empty(D(0)));
}

static void test_guards(void)
{
	CHECK(retype(D(0), TYPE_CNODE, SLOT_BITS + 3, 1) == KERNEL_OK);
	DONE(D(0), CNODE_COPY, CAP_ENDPOINT, 5, RIGHTS_ALL, 0);
	FAILS(KERNEL_BAD_STATE, D(0), CNODE_COPY, CAP_ENDPOINT, 5, RIGHTS_ALL, 0);
	FAILS(KERNEL_BAD_CAP, D(0), CNODE_COPY, CAP_ENDPOINT, 8, RIGHTS_ALL, 0);
	CHECK(user_mint(D(0), D(1), RIGHTS_ALL, GUARD(2, 1)) == KERNEL_BAD_ARGUMENT);
	CHECK(user_mint(D(0), D(1), RIGHTS_ALL, GUARD(0, 62)) == KERNEL_BAD_ARGUMENT);
	CHECK(user_mint(D(0), D(1), RIGHTS_ALL, GUARD(5, 3)) == KERNEL_OK);
	FAILS(KERNEL_BAD_STATE, D(1), CNODE_COPY, CAP_ENDPOINT, 5 << 3 | 5, 6 << 8 | RIGHTS_ALL, 0);
	DONE(D(1), CNODE_COPY, CAP_ENDPOINT, 5 << 3 | 4, 6 << 8 | RIGHTS_ALL, 0);
	FAILS(KERNEL_BAD_CAP, D(1), CNODE_COPY, CAP_ENDPOINT, 4 << 3 | 3, 6 << 8 | RIGHTS_ALL, 0);
	FAILS(KERNEL_BAD_CAP, D(1), CNODE_COPY, CAP_ENDPOINT, 5 << 3 | 3, 7 << 8 | RIGHTS_ALL, 0);
	FAILS(KERNEL_BAD_CAP, D(1), CNODE_COPY, CAP_ENDPOINT, 5 << 3 | 3, 65 << 8 | RIGHTS_ALL, 0);
	/* the root task's own CSpace, LOOKUP_LEVELS deep */
	CHECK(call(SYS_NBSEND, DEEP(CAP_ENDPOINT), 0) == KERNEL_BAD_CAP);
	DONE(CAP_THREAD, TCB_CONFIGURE, CAP_DEEP, TCB_CSPACE, 0, 0);
	CHECK(call(SYS_NBSEND, DEEP(CAP_ENDPOINT), 0) == KERNEL_WOULD_BLOCK);
	CHECK(call(SYS_NBSEND, CAP_ENDPOINT, 0) == KERNEL_BAD_CAP);
	DONE(DEEP(CAP_THREAD), TCB_CONFIGURE, DEEP(CAP_CNODE), TCB_CSPACE, 0, 0);
	/* a CNode that holds itself goes with what it is made of */
	DONE(D(0), CNODE_COPY, D(0), 0, RIGHTS_ALL, 0);
	CHECK(user_delete(D(0)) == KERNEL_OK && user_delete(D(1)) == KERNEL_OK);
	clean();
	CHECK(retype(D(0), TYPE_UNTYPED, 20, 1) == KERNEL_OK);
	clean();
}

static void test_mapping(void)
{
	volatile word *at = (volatile word *)ADDRESS;

	CHECK(retype(D(0), TYPE_TABLE, PAGE_BITS, 3) == KERNEL_OK);
	CHECK(retype(D(3), TYPE_FRAME, PAGE_BITS, 2) == KERNEL_OK);
	FAILS(KERNEL_NO_TABLE, D(3), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ, 0);
	FAILS(KERNEL_BAD_CAP, D(0), TABLE_MAP, CAP_ENDPOINT, ADDRESS, 0, 0);
	FAILS(KERNEL_BAD_ARGUMENT, D(0), TABLE_MAP, CAP_SPACE, USER_TOP, 0, 0);
	FAILS(KERNEL_BAD_STATE, D(0), TABLE_UNMAP, 0, 0, 0, 0);
	DONE(D(0), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	FAILS(KERNEL_BAD_STATE, D(0), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	DONE(D(1), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	FAILS(KERNEL_BAD_STATE, D(2), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	FAILS(KERNEL_BAD_STATE, CAP_ASID_CONTROL, ASID_ASSIGN, D(1), 9, 0, 0);
	FAILS(KERNEL_BAD_STATE, CAP_ASID_CONTROL, ASID_ASSIGN, D(2), BOOT_ASID, 0, 0);
	FAILS(KERNEL_BAD_ARGUMENT, CAP_ASID_CONTROL, ASID_ASSIGN, D(2), 0, 0, 0);
	FAILS(KERNEL_BAD_ARGUMENT, CAP_ASID_CONTROL, ASID_ASSIGN, D(2), ASIDS, 0, 0);
	FAILS(KERNEL_BAD_CAP, CAP_ASID_CONTROL, ASID_ASSIGN, D(3), 9, 0, 0);
	FAILS(KERNEL_BAD_CAP, D(3), FRAME_MAP, CAP_ENDPOINT, ADDRESS, MAP_READ, 0);
	FAILS(KERNEL_BAD_ARGUMENT, D(3), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_WRITE, 0);
	FAILS(KERNEL_BAD_ARGUMENT, D(3), FRAME_MAP, CAP_SPACE, 0xffffffc080001000, MAP_READ, 0);
	DONE(CAP_CNODE, CNODE_COPY, D(3), D(5), RIGHT_SEND, 0);
	FAILS(KERNEL_NO_RIGHT, D(5), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ | MAP_WRITE, 0);
	FAILS(KERNEL_BAD_STATE, D(3), FRAME_REMAP, 0, 0, MAP_READ, 0);
	DONE(D(3), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ | MAP_WRITE, 0);
	DONE(D(5), FRAME_MAP, CAP_SPACE, ADDRESS + 4096, MAP_READ, 0);
	FAILS(KERNEL_BAD_STATE, D(4), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ, 0);
	CHECK(at[0] == 0 && at[511] == 0);
	at[7] = 77;
	CHECK(at[512 + 7] == 77);
	FAILS(KERNEL_NO_RIGHT, D(5), FRAME_REMAP, 0, 0, MAP_READ | MAP_WRITE, 0);
	DONE(D(3), FRAME_REMAP, 0, 0, MAP_READ, 0);
	DONE(D(3), FRAME_UNMAP, 0, 0, 0, 0);
	DONE(D(4), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ | MAP_WRITE, 0);
	CHECK(at[7] == 0);
	/* a table that is taken out forgets what was in it */
	DONE(D(1), TABLE_UNMAP, 0, 0, 0, 0);
	DONE(D(1), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	FAILS(KERNEL_BAD_STATE, D(4), FRAME_REMAP, 0, 0, MAP_READ, 0);
	clean();
	CHECK(empty(D(0)) && empty(D(5)));
	/* memory comes back clean */
	CHECK(retype(D(0), TYPE_TABLE, PAGE_BITS, 2) == KERNEL_OK && retype(D(3), TYPE_FRAME, PAGE_BITS, 3) == KERNEL_OK);
	DONE(D(0), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	DONE(D(1), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0);
	for (word i = 0; i < 3; i++) {
		DONE(D(3) + i, FRAME_MAP, CAP_SPACE, ADDRESS + i * 4096, MAP_READ, 0);
		CHECK(at[512 * i] == 0 && at[512 * i + 7] == 0 && at[512 * i + 511] == 0);
	}
	clean();
}

static void test_bound(void)
{
	CHECK(retype(D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 2) == KERNEL_OK);
	CHECK(user_mint(D(0), D(2), RIGHT_SEND, 4) == KERNEL_OK);
	FAILS(KERNEL_BAD_CAP, CAP_THREAD, TCB_BIND_NOTIFICATION, CAP_ENDPOINT, 0, 0, 0);
	FAILS(KERNEL_NO_RIGHT, CAP_THREAD, TCB_BIND_NOTIFICATION, D(2), 0, 0, 0);
	DONE(CAP_THREAD, TCB_BIND_NOTIFICATION, D(0), 0, 0, 0);
	FAILS(KERNEL_BAD_STATE, CAP_THREAD, TCB_BIND_NOTIFICATION, D(1), 0, 0, 0);
	FAILS(KERNEL_BAD_STATE, CAP_THREAD + 1, TCB_BIND_NOTIFICATION, D(0), 0, 0, 0);
	CHECK(call(SYS_SIGNAL, D(2), 0) == KERNEL_OK && call(SYS_NBRECV, CAP_ENDPOINT, 0) == KERNEL_OK);
	CHECK(call(SYS_NBRECV, CAP_ENDPOINT, 0) == KERNEL_WOULD_BLOCK);
	CHECK(call(SYS_SIGNAL, D(2), 0) == KERNEL_OK && call(SYS_POLL, D(0), 0) == KERNEL_OK);
	CHECK(call(SYS_POLL, D(0), 0) == KERNEL_WOULD_BLOCK && call(SYS_POLL, D(2), 0) == KERNEL_NO_RIGHT);
	DONE(CAP_THREAD, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0);
	DONE(CAP_THREAD, TCB_BIND_NOTIFICATION, D(1), 0, 0, 0);
	clean(); /* what it was bound to is gone */
	CHECK(call(SYS_NBRECV, CAP_ENDPOINT, 0) == KERNEL_WOULD_BLOCK);
}

static void test_irq(void)
{
	FAILS(KERNEL_BAD_STATE, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), IRQ_UART, 0);
	FAILS(KERNEL_BAD_ARGUMENT, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), 0, 0);
	FAILS(KERNEL_BAD_ARGUMENT, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), IRQS_MAX, 0);
	FAILS(KERNEL_BAD_CAP, CAP_IRQ_CONTROL, IRQ_GET, CAP_TIMER, D(0), 11, 0);
	DONE(CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), 11, 0);
	FAILS(KERNEL_BAD_STATE, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(1), 11, 0);
	FAILS(KERNEL_BAD_CAP, D(0), IRQ_BIND, CAP_ENDPOINT, 0, 0, 0);
	DONE(D(0), IRQ_BIND, CAP_NOTIFICATION, 0, 0, 0);
	DONE(D(0), IRQ_ACK, 0, 0, 0, 0);
	DONE(D(0), IRQ_CLEAR, 0, 0, 0, 0);
	CHECK(user_delete(D(0)) == KERNEL_OK);
	DONE(CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), 11, 0);
	CHECK(user_delete(D(0)) == KERNEL_OK);
}

void test_objects(unsigned *passed, unsigned *failed)
{
	test_retype();
	test_derivation();
	test_guards();
	test_mapping();
	test_bound();
	test_irq();
	*passed += good;
	*failed += bad;
}
