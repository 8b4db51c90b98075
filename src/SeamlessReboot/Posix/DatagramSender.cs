using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Posix;

/// <summary>Sends datagrams, with a descriptor where one goes with it, to a unix socket by its path. Thread-safe.</summary>
internal sealed unsafe class DatagramSender : IDisposable
{
    private const int Unix = 1, Datagram = 2, CloseOnExec = 0x80000; // AF_UNIX, SOCK_DGRAM, SOCK_CLOEXEC
    private const int SolSocket = 1, Rights = 1, SendTimeout = 21, SendBuffer = 7; // SCM_RIGHTS, SO_SNDTIMEO, SO_SNDBUF
    private const int DontWait = 0x40, NoSignal = 0x4000;
    private const int Again = 11, Interrupted = 4, NoBuffers = 105, TooManyOnTheirWay = 109; // EAGAIN, EINTR, ENOBUFS, ETOOMANYREFS: a user has a limit of descriptors in unread messages
    private const int PathLimit = 108, ControlSize = 24; // sizeof sun_path; CMSG_SPACE(sizeof(int))
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);
    private readonly SafeFileHandle _socket;
    private readonly byte[] _address;

    private DatagramSender(SafeFileHandle socket, byte[] address)
    {
        _socket = socket;
        _address = address;
    }

    /// <param name="path">A path, or '@' and an abstract name.</param>
    /// <returns>Null when that is no unix socket's name, or there is no socket to be had.</returns>
    internal static DatagramSender? Open(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        if (name.Length is < 2 or >= PathLimit || name[0] is not ((byte)'/' or (byte)'@'))
            return null;
        if (name[0] == '@')
            name[0] = 0;
        byte[] address = new byte[2 + name.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(address, Unix);
        name.CopyTo(address, 2);
        int socket = Libc.Socket(Unix, Datagram | CloseOnExec, 0);
        if (socket < 0)
            return null;
        long* patience = stackalloc long[2];
        patience[0] = (long)_patience.TotalSeconds;
        patience[1] = 0;
        _ = Libc.SetSockOpt(socket, SolSocket, SendTimeout, patience, 2 * sizeof(long));
        int buffer = 8 << 20; // as systemd's own sender: many descriptors may be on their way
        _ = Libc.SetSockOpt(socket, SolSocket, SendBuffer, &buffer, sizeof(int));
        return new DatagramSender(new SafeFileHandle(socket, true), address);
    }

    /// <summary>Sends one datagram.</summary>
    /// <param name="text">What is said.</param>
    /// <param name="handle">A descriptor that goes with it.</param>
    /// <param name="wait">Whether to wait, a second at most, while the receiver's queue is full.</param>
    /// <returns>0; EAGAIN when the queue is full; another error number when the receiver cannot be reached.</returns>
    internal int Send(string text, SafeHandle? handle, bool wait)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        byte* control = stackalloc byte[ControlSize];
        fixed (byte* payload = bytes, address = _address)
        {
            Libc.IoVector vector = new() { Base = payload, Length = bytes.Length };
            Libc.MessageHeader message = new()
            {
                Name = address,
                NameLength = (uint)_address.Length,
                Vectors = &vector,
                VectorCount = 1,
            };
            if (handle is null)
                return Send(&message, wait);
            using FdLease lease = new(handle);
            new Span<byte>(control, ControlSize).Clear();
            *(nint*)control = 20; // CMSG_LEN(sizeof(int))
            *(int*)(control + 8) = SolSocket;
            *(int*)(control + 12) = Rights;
            *(int*)(control + 16) = lease.Fd;
            message.Control = control;
            message.ControlLength = ControlSize;
            return Send(&message, wait);
        }
    }

    private int Send(Libc.MessageHeader* message, bool wait)
    {
        using FdLease lease = new(_socket);
        while (Libc.SendMessage(lease.Fd, message, NoSignal | (wait ? 0 : DontWait)) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
                return error is NoBuffers or TooManyOnTheirWay ? Again : error;
        }

        return 0;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Whether <see cref="Send(string, SafeHandle?, bool)"/> failed only because the receiver has not read yet.</summary>
    internal static bool IsFull(int error) => error == Again;
}
