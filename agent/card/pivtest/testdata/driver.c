// A driver for pcscd (IFD handler 3.0, pcsc-lite's ifdhandler.h) of a reader that is not there. It passes
// what happens on to the process at the other end of two sockets, which pcscd inherits: pivtest's reader.go
// says what they carry. When that process ends, so does pcscd.
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef unsigned long word; // DWORD
typedef long code;          // RESPONSECODE
typedef unsigned char byte;
struct header { word protocol, length; }; // SCARD_IO_HEADER

enum {
	IFD_SUCCESS = 0, IFD_ERROR_TAG = 600, IFD_COMMUNICATION_ERROR = 612, IFD_NOT_SUPPORTED = 614,
	IFD_ICC_PRESENT = 615, IFD_ICC_NOT_PRESENT = 616, IFD_ERROR_INSUFFICIENT_BUFFER = 618,
	IFD_POWER_UP = 500, IFD_POWER_DOWN = 501, IFD_RESET = 502,
	TAG_IFD_THREAD_SAFE = 0x0FAD, TAG_IFD_SLOTS_NUMBER = 0x0FAE, TAG_IFD_SIMULTANEOUS_ACCESS = 0x0FAF,
	TAG_IFD_POLLING_THREAD_WITH_TIMEOUT = 0x0FB3,
	MAX_ATR = 33, T1 = 1,
};

enum { READERS = 2 };
static struct reader { int orders, moves; atomic_int present; byte seen; } readers[READERS]; // the sockets, and the card

// at is the reader of a logical unit number; pcscd counts readers in its upper half.
static struct reader *at(word lun) { return &readers[lun >> 16 & (READERS - 1)]; }

// ask sends an order and gives the length of the answer in reply, -1 where the card gives none. pcscd
// lets no two threads in here at once.
static long ask(int orders, byte order, const byte *data, word length, byte *reply, word size)
{
	static byte buffer[1 << 16];
	if (length >= sizeof buffer)
		return -1;
	buffer[0] = order;
	memcpy(buffer + 1, data, length);
	if (send(orders, buffer, length + 1, MSG_NOSIGNAL) < 0)
		return -1;
	long n = recv(orders, buffer, sizeof buffer, 0);
	if (n <= 0)
		_exit(0); // nobody is there any more
	if (!buffer[0] || (word)n - 1 > size)
		return -1;
	memcpy(reply, buffer + 1, n - 1);
	return n - 1;
}

// watch returns when the card has been moved, or after a while. pcscd calls it when it has told its clients
// of what the last call brought.
static code watch(word lun, int timeout)
{
	struct reader *r = at(lun);
	struct pollfd socket = {.fd = r->moves, .events = POLLIN};
	byte now;
	send(r->moves, &r->seen, 1, MSG_NOSIGNAL);
	if (poll(&socket, 1, timeout) <= 0)
		return IFD_SUCCESS;
	if (recv(r->moves, &now, 1, 0) <= 0)
		_exit(0);
	r->present = now;
	r->seen++;
	return IFD_SUCCESS;
}

code IFDHCreateChannelByName(word lun, char *device)
{
	return sscanf(device, "sockets:%d:%d", &at(lun)->orders, &at(lun)->moves) == 2 ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

code IFDHCreateChannel(word lun, word channel) { return IFD_NOT_SUPPORTED; }

code IFDHCloseChannel(word lun) { return IFD_SUCCESS; }

code IFDHGetCapabilities(word lun, word tag, word *length, byte *value)
{
	code (*watching)(word, int) = watch;
	switch (tag) {
	case TAG_IFD_SLOTS_NUMBER:
	case TAG_IFD_SIMULTANEOUS_ACCESS:
	case TAG_IFD_THREAD_SAFE:
		*length = 1;
		*value = tag == TAG_IFD_SLOTS_NUMBER ? 1 : tag == TAG_IFD_SIMULTANEOUS_ACCESS ? READERS : 0;
		return IFD_SUCCESS;
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		*length = sizeof watching;
		memcpy(value, &watching, sizeof watching);
		return IFD_SUCCESS;
	}
	return IFD_ERROR_TAG;
}

code IFDHSetCapabilities(word lun, word tag, word length, byte *value) { return IFD_NOT_SUPPORTED; }

code IFDHSetProtocolParameters(word lun, word protocol, byte flags, byte p1, byte p2, byte p3)
{
	return IFD_SUCCESS;
}

code IFDHPowerICC(word lun, word action, byte *atr, word *length)
{
	byte order = action == IFD_POWER_UP ? 'U' : action == IFD_RESET ? 'R' : 'D';
	long n = ask(at(lun)->orders, order, NULL, 0, atr, MAX_ATR);
	*length = n < 0 ? 0 : n;
	return n < 0 && order != 'D' ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
}

code IFDHTransmitToICC(word lun, struct header sent, byte *command, word length, byte *answer, word *size,
	struct header *received)
{
	long n = ask(at(lun)->orders, 'T', command, length, answer, *size);
	*size = n < 0 ? 0 : n;
	received->protocol = T1;
	return n < 0 ? IFD_COMMUNICATION_ERROR : IFD_SUCCESS;
}

code IFDHICCPresence(word lun) { return at(lun)->present ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT; }

code IFDHControl(word lun, word request, byte *in, word length, byte *out, word size, word *returned)
{
	*returned = 0;
	return IFD_NOT_SUPPORTED;
}
