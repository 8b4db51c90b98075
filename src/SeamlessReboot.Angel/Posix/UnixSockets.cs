using System.Runtime.InteropServices;
using System.Text;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>The unix sockets of the runtime directory, and datagrams with credentials and descriptors.</summary>
internal static unsafe class UnixSockets
{
    private const int Unix = 1, Stream = 1, Datagram = 2, CloseOnExec = 0x80000, NonBlocking = 0x800;
    private const int SolSocket = 1, ReceiveBuffer = 8, PassCredentials = 16, ReceiveBufferForce = 33; // SO_RCVBUF, SO_PASSCRED, SO_RCVBUFFORCE
    private const int DontWait = 0x40, CloseOnExecDescriptors = 0x4000_0000, Truncated = 0x20, ControlTruncated = 8; // MSG_DONTWAIT, MSG_CMSG_CLOEXEC, MSG_TRUNC, MSG_CTRUNC
    private const int Rights = 1, Credentials = 2; // SCM_RIGHTS, SCM_CREDENTIALS
    private const int ControlSize = 2048; // 253 descriptors, which is the most, and the credentials: 1064 bytes
    private const int HeaderSize = 16, WantedBuffer = 8 * 1024 * 1024;
    private const int LongestPath = 107;

    /// <summary>A datagram socket that receives the sender's PID with each message.</summary>
    /// <param name="address">A path, or '@' and an abstract name.</param>
    internal static int OpenDatagrams(string address)
    {
        int fd = Open(Datagram, address);
        int one = 1, size = WantedBuffer;
        _ = Libc.SetSockOpt(fd, SolSocket, PassCredentials, &one, sizeof(int));
        if (Libc.SetSockOpt(fd, SolSocket, ReceiveBufferForce, &size, sizeof(int)) != 0)
            _ = Libc.SetSockOpt(fd, SolSocket, ReceiveBuffer, &size, sizeof(int));
        return fd;
    }

    internal static int OpenListener(string path, int backlog)
    {
        int fd = Open(Stream, path);
        if (AngelLibc.Listen(fd, backlog) == 0)
            return fd;
        SyscallException failure = SyscallException.Last("listen");
        Fd.Close(fd);
        throw failure;
    }

    /// <param name="listener">From <see cref="OpenListener"/>.</param>
    /// <param name="isExhausted">Somebody waits, and there is no descriptor to be had for it, here or in the whole system.</param>
    /// <returns>-1 when there is none.</returns>
    internal static int Accept(int listener, out bool isExhausted)
    {
        const int TooManyInSystem = 23, TooMany = 24; // ENFILE, EMFILE
        int fd = AngelLibc.Accept(listener, null, null, NonBlocking | CloseOnExec);
        isExhausted = fd < 0 && Marshal.GetLastPInvokeError() is TooManyInSystem or TooMany;
        return fd;
    }

    /// <summary>Receives one datagram without waiting.</summary>
    /// <param name="socket">From <see cref="OpenDatagrams"/>.</param>
    /// <param name="buffer">Where the text goes.</param>
    /// <param name="descriptors">Where received descriptors are added; they are the caller's from then on.</param>
    /// <param name="sender">The sender's PID; 0 when the kernel does not tell it.</param>
    /// <param name="isCut">The kernel has dropped descriptors that came with it, because this process may have no more.</param>
    /// <returns>The length; -1 when there is none; -2 when it was longer than the buffer.</returns>
    internal static int Receive(int socket, Span<byte> buffer, List<int> descriptors, out int sender, out bool isCut)
    {
        byte* control = stackalloc byte[ControlSize];
        sender = 0;
        isCut = false;
        fixed (byte* text = buffer)
        {
            Libc.IoVector part = new() { Base = text, Length = buffer.Length };
            Libc.MessageHeader message = new() { Vectors = &part, VectorCount = 1, Control = control, ControlLength = ControlSize };
            nint length = AngelLibc.ReceiveMessage(socket, &message, DontWait | CloseOnExecDescriptors);
            if (length < 0)
                return -1;
            int used = (int)message.ControlLength;
            for (int at = 0; at + HeaderSize <= used;)
            {
                int size = (int)*(nint*)(control + at);
                if (size < HeaderSize || at + size > used)
                    break;
                if (*(int*)(control + at + 8) == SolSocket)
                {
                    if (*(int*)(control + at + 12) == Rights)
                        for (int i = HeaderSize; i + sizeof(int) <= size; i += sizeof(int))
                            descriptors.Add(*(int*)(control + at + i));
                    else if (*(int*)(control + at + 12) == Credentials)
                        sender = *(int*)(control + at + HeaderSize);
                }

                at += (size + 7) & ~7;
            }

            isCut = (message.Flags & ControlTruncated) != 0; // there is room in the buffer for every descriptor of a message
            return (message.Flags & Truncated) != 0 ? -2 : (int)length;
        }
    }

    private static int Open(int type, string address)
    {
        byte[] name = Encoding.UTF8.GetBytes(address);
        if (name.Length > LongestPath)
            throw new IOException($"The path '{address}' has {name.Length} bytes, and that of a unix socket 107 at most. Choose a shorter runtime directory.");
        bool isAbstract = name[0] == '@';
        int fd = Libc.Socket(Unix, type | CloseOnExec | NonBlocking, 0);
        if (fd < 0)
            throw SyscallException.Last("socket");
        byte* where = stackalloc byte[2 + LongestPath + 1];
        new Span<byte>(where, 2 + LongestPath + 1).Clear();
        *(ushort*)where = Unix;
        name.CopyTo(new Span<byte>(where + 2, LongestPath));
        if (isAbstract)
            where[2] = 0;
        if (AngelLibc.Bind(fd, where, 2 + name.Length + (isAbstract ? 0 : 1)) != 0 || (!isAbstract && AngelLibc.Chmod(address, 0x180) != 0))
        {
            SyscallException failure = SyscallException.Last($"bind(\"{address}\")");
            Fd.Close(fd);
            throw failure;
        }

        return fd;
    }
}
