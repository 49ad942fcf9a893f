/* A pinentry whose person says yes and types the PIN, at once. In C, as it runs beside what is measured: a Go program
 * takes both processors for two milliseconds to start. */
#include <stdio.h>
#include <string.h>

int main(void)
{
	static char line[4096];
	for (puts("OK"); fflush(stdout), fgets(line, sizeof line, stdin); puts("OK"))
		if (!strncmp(line, "GETPIN", 6))
			puts("D " PIN);
	return 0;
}
