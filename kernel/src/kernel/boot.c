/* SPDX-License-Identifier: GPL-2.0-or-later
 * Makes the root task and what it starts with. Runs once, before any kernel entry; compiled without probes. */
#include "object.h"

#define PAGE_WORDS 512
#define PTE_USER (PTE_V | PTE_U | PTE_A | PTE_D)
#define DEVICE_MEMORY 0x40000000 /* nothing of the board but PCI */

static struct tcb root, idle;
static struct slot root_slots[ROOT_SLOTS];

static word pool; /* the next free physical address */

static word boot_allocate(word size)
{
	word at = (pool + size - 1) & ~(size - 1);
	word *words = phys_to_virt(at);

	pool = at + size;
	if (pool > BOARD_RAM_END)
		panic();
	for (word i = 0; i < size / sizeof *words; i++)
		words[i] = 0;
	return at;
}

static word boot_image(void)
{
	word image = boot_allocate(USER_IMAGE_SIZE);
	word *to = phys_to_virt(image), *from = (word *)user_image;
	word words = (word)(user_image_end - user_image) / sizeof *from;

	if (words > USER_IMAGE_SIZE / sizeof *from)
		panic();
	for (word i = 0; i < words; i++)
		to[i] = from[i];
	return image;
}

/* An original, last in the derivation list. */
static struct cap *boot_cap(word index, word type, word object, word bits)
{
	struct slot *slot = &root_slots[index];

	slot->cap.type = (uint8_t)type;
	slot->cap.rights = RIGHTS_ALL;
	slot->cap.object = object;
	slot->cap.bits = (uint8_t)bits;
	slot_fill(slot, derivation.prev);
	return &slot->cap;
}

static void boot_frame(word index, word physical, word bits, word device, word *entry, word address, word flags)
{
	struct cap *cap = boot_cap(index, TYPE_FRAME, (word)phys_to_virt(physical), bits);

	cap->device = (uint8_t)device;
	cap->extra = address | BOOT_ASID;
	*entry = physical >> PAGE_BITS << 10 | flags | PTE_USER;
}

/* Tables of the root task have no capabilities: they stay. */
static word boot_vspace(void)
{
	word top = boot_allocate(4096), middle = boot_allocate(4096), leaf = boot_allocate(4096);
	word *mid = phys_to_virt(middle), *low = phys_to_virt(leaf), *high = phys_to_virt(top);

	for (word i = PAGE_WORDS / 2; i < PAGE_WORDS; i++)
		high[i] = kernel_root[i];
	high[0] = middle >> PAGE_BITS << 10 | PTE_V;
	mid[USER_ARGUMENTS >> LARGE_BITS] = leaf >> PAGE_BITS << 10 | PTE_V;
	boot_frame(CAP_IMAGE, boot_image(), LARGE_BITS, 0, mid + (USER_IMAGE >> LARGE_BITS), USER_IMAGE, PTE_R | PTE_W | PTE_X);
	low += (USER_ARGUMENTS >> PAGE_BITS) % PAGE_WORDS;
	boot_frame(CAP_ARGUMENTS, BOARD_ARGUMENTS, PAGE_BITS, 1, low, USER_ARGUMENTS, PTE_R);
	boot_frame(CAP_UART, BOARD_UART, PAGE_BITS, 1, low + 1, USER_UART, PTE_R | PTE_W);
	boot_frame(CAP_POWER, BOARD_POWER, PAGE_BITS, 1, low + 2, USER_POWER, PTE_R | PTE_W);
	boot_frame(CAP_COUNTER, BOARD_COUNTER, PAGE_BITS, 1, low + 3, USER_COUNTER, PTE_R | PTE_W);
	root_slots[CAP_ARGUMENTS].cap.rights = RIGHT_SEND; /* to be read */
	return top;
}

static void boot_caps(word top)
{
	struct cap *cap = boot_cap(CAP_CNODE, TYPE_CNODE, (word)root_slots, ROOT_RADIX);

	cap->guard_bits = 64 - ROOT_RADIX;
	boot_cap(CAP_TCB, TYPE_TCB, (word)&root, TCB_BITS);
	cap = boot_cap(CAP_VSPACE, TYPE_VSPACE, (word)phys_to_virt(top), PAGE_BITS);
	cap->asid = BOOT_ASID;
	boot_cap(CAP_ASID_CONTROL, TYPE_ASID_CONTROL, 0, 0);
	boot_cap(CAP_IRQ_CONTROL, TYPE_IRQ_CONTROL, 0, 0);
	boot_cap(CAP_TIMER, TYPE_TIMER, 0, 0);
	cap = boot_cap(CAP_DEVICE, TYPE_UNTYPED, (word)phys_to_virt(DEVICE_MEMORY), HUGE_BITS);
	cap->device = 1;
	for (word i = 0; i < BOOT_UNTYPED; i++) {
		word size = (word)1 << BOOT_UNTYPED_BITS;

		pool = (pool + size - 1) & ~(size - 1);
		boot_cap(CAP_UNTYPED + i, TYPE_UNTYPED, (word)phys_to_virt(pool), BOOT_UNTYPED_BITS);
		pool += size;
	}
	if (pool > BOARD_RAM_END)
		panic();
}

static void boot_asids(word top)
{
	kernel_satp = SATP_SV39 | virt_to_phys(kernel_root) >> PAGE_BITS;
	for (word i = 0; i < ASIDS; i++) {
		asid_root[i] = empty_table;
		asid_satp[i] = kernel_satp;
	}
	asid_root[BOOT_ASID] = phys_to_virt(top);
	asid_satp[BOOT_ASID] = SATP_SV39 | (word)BOOT_ASID << SATP_ASID_SHIFT | top >> PAGE_BITS;
}

static void boot_threads(void)
{
	for (word i = 0; i < PRIORITIES; i++)
		list_init(&ready[i]);
	tcb_init(&root);
	tcb_init(&idle);
	root.context.x[REG_PC] = USER_IMAGE;
	root.priority = ROOT_PRIORITY;
	slot_derive(&root.slots[TCB_CSPACE], &root_slots[CAP_CNODE], RIGHTS_ALL);
	slot_derive(&root.slots[TCB_VSPACE], &root_slots[CAP_VSPACE], RIGHTS_ALL);
	idle.context.x[REG_PC] = (word)idle_loop;
	idle.context.status = SSTATUS_SPIE | SSTATUS_SPP;
	idle.priority = 0;
	ready_add(&idle);
	ready_add(&root);
}

struct tcb *boot_main(void)
{
	word top;

	pool = virt_to_phys(kernel_end);
	for (word i = 1; i < IRQS_MAX; i++)
		device(BOARD_PLIC)[i] = 1;
	*device(PLIC_THRESHOLD) = 0;
	csr_write(sie, SIE_STIE | SIE_SEIE);
	top = boot_vspace();
	boot_caps(top);
	boot_asids(top);
	boot_threads();
	return schedule();
}
