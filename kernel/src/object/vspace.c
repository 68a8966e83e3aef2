/* SPDX-License-Identifier: GPL-2.0-or-later
 * Address spaces: page tables, frames, ASIDs.
 *
 * A frame or page table knows where it is mapped: address and ASID. What is found there need no longer be it: the ASID may
 * have been given to another vspace, a table on the way may have been taken out. So an entry is changed only if it still
 * leads to the frame or table. A page table that is not mapped is empty: nothing in it can outlive what it leads to. */
#include "object.h"

word asid_satp[ASIDS], *asid_root[ASIDS], kernel_satp;
word empty_table[512] __attribute__((aligned(4096)));
static word no_entry; /* stands for the entry of a table that is missing; always 0 */

#define INDEX_BITS 9
#define WALK_LEVELS 2
#define ASID_MASK ((word)4095)
#define KERNEL_ENTRY 256 /* of the window; KERNEL_ENTRIES of them */
#define KERNEL_ENTRIES 4

static inline word pte_to(word object)
{
	return virt_to_phys((void *)object) >> PAGE_BITS << 10;
}

static inline bool is_table(word entry)
{
	return (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

static inline word *table_of(word entry)
{
	return phys_to_virt(entry >> 10 << PAGE_BITS);
}

/* The entry that covers 1 << BITS bytes at ADDRESS. Turns WALK_LEVELS times at most. */
ALONE static word *walk(word *table, word address, word bits)
{
	word shift = HUGE_BITS, *entry = table + (address >> HUGE_BITS);

	while (shift > bits) {
		if (!is_table(*entry))
			return &no_entry;
		shift -= INDEX_BITS;
		entry = table_of(*entry) + (address >> shift & 511);
	}
	return entry;
}

/* Where the frame or table was mapped; the entry there if it still leads to it, or no_entry. */
ALONE static word *mapped_entry(const struct cap *cap, word bits)
{
	word *entry = walk(asid_root[cap->extra & ASID_MASK], cap->extra & ~ASID_MASK, bits);

	return (*entry & ~(word)0x3ff) == pte_to(cap->object) ? entry : &no_entry;
}

static inline void translations_forget(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

ALONE static void entry_set(word *entry, word value)
{
	*entry = value;
	translations_forget();
}

/* ---- frames -------------------------------------------------------------------------------------------------------- */

/* Nothing may be written that cannot be read. */
static inline word decode_access(const struct cap *frame)
{
	word access = argument(REG_A4), wants = access & (MAP_READ | MAP_WRITE);

	if ((access > 7) | !(access & MAP_READ))
		return KERNEL_BAD_ARGUMENT;
	return wants & ~(word)frame->rights ? KERNEL_NO_RIGHT : KERNEL_OK;
}

static inline word frame_pte(const struct cap *frame)
{
	return pte_to(frame->object) | argument(REG_A4) << 1 | PTE_V | PTE_U | PTE_A | PTE_D;
}

ENTRY INVOCATION(frame_map)
{
	struct cap *frame = &target->cap;
	word address = argument(REG_A3), error, *entry;

	if (source->cap.type != TYPE_VSPACE)
		return KERNEL_BAD_CAP;
	if ((address >= USER_TOP) | ((address & (((word)1 << frame->bits) - 1)) != 0))
		return KERNEL_BAD_ARGUMENT;
	error = decode_access(frame);
	if (error)
		return error;
	entry = walk(cap_object(&source->cap), address, frame->bits);
	if (entry == &no_entry)
		return KERNEL_NO_TABLE;
	if ((frame->extra | *entry) != 0)
		return KERNEL_BAD_STATE;
	entry_set(entry, frame_pte(frame));
	frame->extra = address | source->cap.asid;
	return KERNEL_OK;
}

ALONE void frame_release(struct cap *frame)
{
	word *entry = mapped_entry(frame, frame->bits);

	if (entry != &no_entry)
		entry_set(entry, 0);
	frame->extra = 0;
}

ENTRY INVOCATION(frame_unmap)
{
	(void)source;
	frame_release(&target->cap);
	return KERNEL_OK;
}

ENTRY INVOCATION(frame_remap)
{
	struct cap *frame = &target->cap;
	word error = decode_access(frame), *entry;

	(void)source;
	if (error)
		return error;
	entry = mapped_entry(frame, frame->bits);
	if (entry == &no_entry)
		return KERNEL_BAD_STATE;
	entry_set(entry, frame_pte(frame));
	return KERNEL_OK;
}

/* ---- page tables --------------------------------------------------------------------------------------------------- */

ENTRY INVOCATION(table_map)
{
	struct cap *table = &target->cap;
	word address = argument(REG_A3), span = HUGE_BITS, *entry;

	if (source->cap.type != TYPE_VSPACE)
		return KERNEL_BAD_CAP;
	if (address >= USER_TOP)
		return KERNEL_BAD_ARGUMENT;
	entry = (word *)source->cap.object + (address >> HUGE_BITS);
	if (*entry) {
		span = LARGE_BITS;
		entry = walk((word *)source->cap.object, address, LARGE_BITS);
	}
	if ((entry == &no_entry) | ((table->extra | *entry) != 0))
		return KERNEL_BAD_STATE;
	entry_set(entry, pte_to(table->object) | PTE_V);
	table->extra = (address & ~(((word)1 << span) - 1)) | source->cap.asid;
	table->guard_bits = (uint8_t)span;
	return KERNEL_OK;
}

ALONE void table_release(struct cap *table)
{
	word *entry = mapped_entry(table, table->guard_bits);

	if (entry != &no_entry)
		entry_set(entry, 0);
	table->extra = 0;
}

ENTRY INVOCATION(table_unmap)
{
	(void)source;
	if (!target->cap.extra)
		return KERNEL_BAD_STATE;
	table_release(&target->cap);
	memory_clear(cap_object(&target->cap), CLEAR_LINES);
	return KERNEL_OK;
}

/* ---- ASIDs --------------------------------------------------------------------------------------------------------- */

static inline void asid_set(word asid, word *root, word satp)
{
	asid_root[asid] = root;
	asid_satp[asid] = satp;
	translations_forget();
}

ENTRY INVOCATION(asid_assign)
{
	word asid = argument(REG_A3), *root = cap_object(&source->cap), *window = root + KERNEL_ENTRY;

	(void)target;
	if (source->cap.type != TYPE_TABLE)
		return KERNEL_BAD_CAP;
	if (asid - 1 >= ASIDS - 1)
		return KERNEL_BAD_ARGUMENT;
	if (source->cap.extra || asid_root[asid] != empty_table)
		return KERNEL_BAD_STATE;
	for (word i = 0; i < KERNEL_ENTRIES; i++)
		window[i] = kernel_root[KERNEL_ENTRY + i];
	source->cap.type = TYPE_VSPACE;
	source->cap.asid = (uint16_t)asid;
	asid_set(asid, root, SATP_SV39 | asid << SATP_ASID_SHIFT | virt_to_phys(root) >> PAGE_BITS);
	return KERNEL_OK;
}

void vspace_release(struct cap *vspace)
{
	asid_set(vspace->asid, empty_table, kernel_satp);
}
