/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fuzzer: system calls with random arguments, from a seed, until enough were made. Most arguments are of the kind that the
 * call wants; none is out of bounds, but for what would take the fuzzer itself away: the root task's thread, CNode, vspace and
 * first slots are spared by whom it asks, not by the kernel. Each error must be one that the interface knows. */
#include "user.h"

#define FIRST 160 /* slots that come and go, and COUNT more */
#define COUNT 96
#define WORKERS 6
#define DEFAULT_CALLS 100000

static word state, calls, wrong;
static bool cold; /* half of the calls come with all lines evicted and dirty */
static word crew[WORKERS + 1];

static word below(word limit)
{
	return user_below(&state, limit);
}

static word make_call(word number, word target, struct message *m)
{
	word badge = 0;

	if (cold && below(2)) {
		evict_code_tail(2048);
		evict_data_store(evict_data, 256);
	}
	calls++;
	return user_syscall(number, target, m, &badge);
}

/* A slot: mostly one of those that come and go, or an object that stays. */
static word slot_pick(void)
{
	static const word fixed[] = {CAP_SMALL, CAP_UART_IRQ, CAP_POOL, CAP_ASID_CONTROL, CAP_IRQ_CONTROL, CAP_TIMER, CAP_PARTS + PART_FRAME, CAP_DEVICE, CAP_DEEP, CAP_CNODE};
	word dice = below(24);

	if (dice < 8)
		return FIRST + below(COUNT);
	if (dice < 11)
		return CAP_ENDPOINT + below(4);
	if (dice < 13)
		return CAP_NOTIFICATION + below(4);
	if (dice < 16)
		return CAP_THREAD + 1 + below(TCB_COUNT - 1);
	if (dice < 18)
		return CAP_SPACE + 1 + below(2);
	if (dice < 23)
		return fixed[below(sizeof fixed / sizeof *fixed)];
	return below(2) ? user_random(&state) : CAP_NULL;
}

static word argument_pick(void)
{
	word dice = below(8);

	if (dice < 3)
		return slot_pick();
	if (dice < 5)
		return below(64);
	if (dice < 6)
		return (word)0x40000000 + (below(64) << (below(2) ? 12 : 21));
	if (dice < 7)
		return (word)1 << below(64);
	return user_random(&state);
}

static bool spared(word slot)
{
	return slot < FIRST || slot >= FIRST + COUNT;
}

/* The root task's thread and memory are not to be had by another name, nor a thread that runs. */
static bool precious(word slot)
{
	return slot <= CAP_VSPACE || (slot >= CAP_UNTYPED && slot < CAP_SMALL) || slot == CAP_SPACE || (slot >= CAP_THREAD && slot < CAP_THREAD + TCB_COUNT);
}

/* What would end the fuzzer rather than test the kernel. */
static bool harmful(word target, word label, const struct message *m)
{
	switch (label) {
	case CNODE_COPY:
	case CNODE_MINT:
		if (precious(m->words[0]))
			return true;
		/* fall through */
	case CNODE_MOVE:
	case CNODE_MUTATE:
	case CNODE_ROTATE:
	case CNODE_DELETE:
	case CNODE_REVOKE:
	case CNODE_SAVE_CALLER:
		return m->words[2] >> 8 || (target != CAP_SMALL && spared(m->words[1]));
	case TCB_WRITE_REGISTERS:
		return target < FIRST;
	case TCB_RESUME:
		return target >= FIRST;
	default:
		return false;
	}
}

static word mine(void)
{
	return FIRST + below(COUNT);
}

static word address_pick(void)
{
	return (word)0x40000000 + (below(3) << LARGE_BITS) + (below(4) << PAGE_BITS);
}

/* Arguments that the label can do something with, mostly. */
static void suit(word label, word *target, struct message *m)
{
	word *a = m->words;

	switch (label) {
	case CNODE_CANCEL:
		a[1] = CAP_ENDPOINT + below(4);
		a[2] = 0;
		break;
	case CNODE_MOVE:
	case CNODE_MUTATE:
	case CNODE_ROTATE:
		a[0] = mine();
		a[3] = label == CNODE_ROTATE ? mine() : below(100);
		break;
	case TCB_CONFIGURE: {
		const word things[] = {CAP_CNODE, CAP_SPACE + 1 + below(2), CAP_ENDPOINT + below(4), CAP_PARTS + PART_FRAME, mine()};

		a[1] = below(5);
		a[0] = things[below(8) ? a[1] : below(5)];
		a[2] = below(4) ? below(4) * IPC_BUFFER_SIZE : below(5000);
		break;
	}
	case TCB_BIND_NOTIFICATION:
	case IRQ_BIND:
	case TIMER_BIND:
		a[0] = below(2) ? CAP_NOTIFICATION + below(4) : mine();
		break;
	case FRAME_MAP:
	case FRAME_REMAP:
	case TABLE_MAP:
		a[0] = CAP_SPACE + 1 + below(2);
		a[1] = address_pick();
		a[2] = below(8);
		break;
	case IRQ_GET:
		*target = CAP_IRQ_CONTROL;
		a[0] = CAP_CNODE;
		a[1] = mine();
		a[2] = IRQ_UART + 1 + below(8);
		break;
	}
	if (label >= FRAME_MAP && label <= TABLE_UNMAP)
		*target = mine();
	else if (label >= IRQ_BIND && label <= IRQ_ACK)
		*target = below(2) ? CAP_UART_IRQ : mine();
	else if (label >= TIMER_BIND)
		*target = CAP_TIMER;
}

static void invocation(void)
{
	word label = below(LABELS + 2), target = slot_pick();
	struct message m = {message_info(label, below(4) ? 40 : below(128)), {argument_pick(), argument_pick(), argument_pick(), argument_pick()}};

	if (label <= CNODE_SAVE_CALLER && below(4)) {
		target = below(3) ? CAP_CNODE : CAP_SMALL;
		m.words[0] = slot_pick();
		m.words[1] = target == CAP_SMALL ? below(34) : FIRST + below(COUNT);
		m.words[2] = below(8);
	} else if (label == UNTYPED_RETYPE && below(8)) {
		static const uint8_t bits[TYPES] = {6, 8, TCB_BITS, ENDPOINT_BITS, NOTIFICATION_BITS, PAGE_BITS, PAGE_BITS, PAGE_BITS, [TYPE_UNTYPED] = 13};
		word type = below(8) ? below(TYPE_VSPACE + 1) : TYPE_UNTYPED;

		target = below(2) ? CAP_POOL : target;
		m = (struct message){m.info, {below(4) ? CAP_CNODE : CAP_SMALL, FIRST + below(COUNT), type, (1 + below(3)) << 8 | bits[type]}};
	} else if (label == ASID_ASSIGN) {
		target = CAP_ASID_CONTROL;
		m.words[1] = 8 + below(16);
	}
	if (below(4))
		suit(label, &target, &m);
	/* moving away from the slots that are spared takes them away, too */
	if ((label == CNODE_MOVE || label == CNODE_MUTATE || label == CNODE_ROTATE) && (spared(m.words[0]) || spared(m.words[3])))
		return;
	if (harmful(target, label, &m))
		return;
	wrong += make_call(SYS_INVOKE, target, &m) >= KERNEL_ERRORS;
}

/* Calls that cannot block the root task, or any that a member of the crew makes. */
static void ipc(bool may_block)
{
	static const word safe[] = {SYS_NBSEND, SYS_NBRECV, SYS_SIGNAL, SYS_POLL, SYS_YIELD, SYS_REPLY, SYS_COUNT};
	static const word often[] = {SYS_CALL, SYS_REPLYRECV, SYS_REPLYRECV, SYS_RECV};
	word number = may_block ? (below(2) ? often[below(4)] : below(SYS_COUNT)) : safe[below(7)];
	word length = below(2) ? below(6) : below(128) | below(2) * MESSAGE_CAP;
	struct message m = {message_info(below(3), length), {user_random(&state), 2, 3, 4}};

	if (number == SYS_INVOKE)
		return;
	wrong += make_call(number, below(3) ? CAP_ENDPOINT + below(3) : slot_pick(), &m) >= KERNEL_ERRORS;
}

static void crew_body(word number)
{
	word *buffer = user_buffers[number];

	for (;;) {
		for (word left = 20; left; left--) {
			buffer[BUFFER_SEND_CAP] = FIRST + below(COUNT);
			buffer[BUFFER_RECEIVE_CNODE] = CAP_CNODE;
			buffer[BUFFER_RECEIVE_INDEX] = FIRST + below(COUNT);
			if (below(3))
				ipc(true);
			else if (below(8))
				invocation();
			else
				user_illegal();
		}
		user_invoke(CAP_THREAD + number, TCB_SUSPEND, 0, 0, 0, 0);
		user_illegal();
	}
}

static void crew_start(word number)
{
	word tcb = CAP_THREAD + number;

	crew[number]++;
	user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0);
	user_configure(tcb, CAP_CNODE, CAP_SPACE + below(SPACES), CAP_ENDPOINT + below(3));
	user_set_buffer(tcb, CAP_IMAGE, user_buffer_offset((unsigned)number));
	user_prepare(user_buffers[0], (unsigned)number, crew_body);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
	user_invoke(tcb, TCB_SET_PRIORITY, 2 + below(4), 0, 0, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
	calls += 9;
}

static void round_run(void)
{
	for (word i = 1; i <= WORKERS; i++)
		crew_start(i);
	user_set_buffer(CAP_TCB, CAP_IMAGE, user_buffer_offset(0));
	for (word i = 0; i < 40; i++)
		if (below(3))
			invocation();
		else
			ipc(false);
	user_invoke(CAP_TIMER, TIMER_SET, user_time() + below(200), 0, 0, 0);
	user_invoke(CAP_TCB, TCB_SET_PRIORITY, 1, 0, 0, 0);
	user_invoke(CAP_TCB, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
	if (below(8) == 0)
		user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0);
	calls += 5;
}

int fuzz_main(bool with_cold_caches)
{
	word enough = argument_entries() ? argument_entries() : DEFAULT_CALLS;

	cold = with_cold_caches;
	state = argument_seed() * 2 + 1;
	while (calls < enough)
		round_run();
	uart_number(calls);
	uart_text(" calls, ");
	uart_number(wrong);
	uart_text(" errors that nobody documented\n");
	return wrong != 0;
}
