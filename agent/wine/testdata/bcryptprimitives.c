/* For tests under Wine alone: Wine 8 lacks bcryptprimitives.dll, where Go's runtime takes its random numbers from. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T length) { return SystemFunction036(to, (ULONG)length); }
