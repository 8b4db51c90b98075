using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// Receives and sends without waiting, and says exactly how many bytes went. Socket.Send on a socket that is also used
/// asynchronously may wait, and after a partial send reports an error instead of the count.
/// </summary>
internal static unsafe class SocketBytes
{
    private const int DontWait = 0x40, NoSignal = 0x4000;
    private const int Interrupted = 4, TryAgain = 11;

    /// <returns>The number of bytes; 0 at the end; -1 when there is nothing yet; -2 when the connection has failed.</returns>
    internal static int Receive(Socket socket, Span<byte> buffer)
    {
        if (!OperatingSystem.IsLinux())
            return ReceivePortably(socket, buffer);
        return Transfer(socket, buffer, isSend: false);
    }

    /// <returns>The number of bytes the kernel took; -1 when it takes none now; -2 when the connection has failed.</returns>
    internal static int Send(Socket socket, ReadOnlySpan<byte> bytes) =>
        Transfer(socket, MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), bytes.Length), isSend: true);

    private static int Transfer(Socket socket, Span<byte> bytes, bool isSend)
    {
        SafeSocketHandle handle = socket.SafeHandle;
        bool leased = false;
        try
        {
            handle.DangerousAddRef(ref leased);
            int fd = (int)handle.DangerousGetHandle();
            fixed (byte* first = bytes)
            {
                while (true)
                {
                    nint count = isSend
                        ? Libc.Send(fd, first, bytes.Length, DontWait | NoSignal)
                        : Libc.Receive(fd, first, bytes.Length, DontWait);
                    if (count >= 0)
                        return (int)count;
                    switch (Marshal.GetLastPInvokeError())
                    {
                        case Interrupted:
                            continue;
                        case TryAgain:
                            return -1;
                        default:
                            return -2;
                    }
                }
            }
        }
        catch (ObjectDisposedException)
        {
            return -2;
        }
        finally
        {
            if (leased)
                handle.DangerousRelease();
        }
    }

    private static int ReceivePortably(Socket socket, Span<byte> buffer)
    {
        try
        {
            if (!socket.Poll(0, SelectMode.SelectRead))
                return -1;
            int count = socket.Receive(buffer, SocketFlags.None, out SocketError error);
            return error switch { SocketError.Success => count, SocketError.WouldBlock => -1, _ => -2 };
        }
        catch (ObjectDisposedException)
        {
            return -2;
        }
    }
}
