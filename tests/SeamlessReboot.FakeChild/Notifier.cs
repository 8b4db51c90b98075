using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.FakeChild;

/// <summary>The other end of the notify socket, with nothing checked: what is to be sent, is sent.</summary>
internal sealed unsafe class Notifier : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    internal Notifier()
    {
        string path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET") ?? throw new InvalidOperationException("There is no NOTIFY_SOCKET.");
        _socket.Connect(new UnixDomainSocketEndPoint(path.StartsWith('@') ? "\0" + path[1..] : path));
    }

    internal void Send(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    internal void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    /// <summary>Sends descriptors along.</summary>
    internal void Send(string text, params int[] descriptors)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int size = 16 + descriptors.Length * sizeof(int), room = (size + 7) & ~7;
        byte* control = stackalloc byte[room];
        new Span<byte>(control, room).Clear();
        *(nint*)control = size;
        *(int*)(control + 8) = 1; // SOL_SOCKET
        *(int*)(control + 12) = 1; // SCM_RIGHTS
        for (int i = 0; i < descriptors.Length; i++)
            *(int*)(control + 16 + i * sizeof(int)) = descriptors[i];
        fixed (byte* text0 = bytes)
        {
            nint* part = stackalloc nint[2];
            part[0] = (nint)text0;
            part[1] = bytes.Length;
            nint* message = stackalloc nint[7];
            new Span<nint>(message, 7).Clear();
            message[2] = (nint)part;
            message[3] = 1;
            message[4] = (nint)control;
            message[5] = room;
            if (Libc.SendMessage((int)_socket.Handle, (byte*)message, 0) < 0)
                throw new IOException($"sendmsg: errno {System.Runtime.InteropServices.Marshal.GetLastPInvokeError()}");
        }
    }

    public void Dispose() => _socket.Dispose();
}
