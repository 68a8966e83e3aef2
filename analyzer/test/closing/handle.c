/* Two pointers that a caller chooses, and a branch to a line of its own. */
static volatile unsigned long table[512] __attribute__((aligned(64)));

__attribute__((noinline, aligned(64))) static unsigned long rare(unsigned long s)
{
	for (int i = 0; i < 3; i++)
		s = s * 7 + 1;
	return s;
}

__attribute__((aligned(64))) unsigned long handle(unsigned long p, unsigned long q, unsigned long slow)
{
	unsigned long s = table[p % 512] + table[q % 512];
	if (slow)
		s = rare(s);
	return s;
}
