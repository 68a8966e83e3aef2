/* Two branches one after the other, then a loop: which edges, which pairs of them, how many iterations? */
static volatile unsigned long sink;

unsigned long handle(unsigned long p, unsigned long q, unsigned long n)
{
	if (p)
		sink = 1;
	__asm__ volatile("" ::: "memory");
	if (q)
		sink = 2;
	for (unsigned long i = 0; i < n % 16; i++)
		sink = i;
	return 0;
}
