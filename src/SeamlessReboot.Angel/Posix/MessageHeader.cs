using System.Runtime.InteropServices;

namespace SeamlessReboot.Angel.Posix;

/// <summary>struct msghdr of a 64-bit Linux; musl's narrower lengths agree with it as long as the machine is little-endian.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal void* Name;
    internal uint NameLength;
    internal void** Parts; // struct iovec: address, length
    internal nint PartCount;
    internal byte* Control;
    internal nint ControlLength;
    internal int Flags;
}
