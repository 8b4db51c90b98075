using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>How a listening socket is named, so that the next image finds it, and how one is made.</summary>
internal static class ListeningSocket
{
    internal static string NameOf(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip => "tcp:" + ip,
        UnixDomainSocketEndPoint unix when unix.ToString() is ['@', ..] => "unix:" + unix,
        UnixDomainSocketEndPoint unix => "unix:" + Path.GetFullPath(unix.ToString()!),
        _ => throw new ArgumentException($"'{endPoint}' is neither an IPEndPoint nor a UnixDomainSocketEndPoint.", nameof(endPoint)),
    };

    /// <summary>The file of a unix socket. Names of abstract sockets begin with '@'; they have none.</summary>
    internal static string? FileOf(string name) => name.StartsWith("unix:/", StringComparison.Ordinal) ? name[5..] : null;

    /// <summary>Removes the file of a unix socket, if it is one.</summary>
    internal static void RemoveFile(string name)
    {
        if (FileOf(name) is string file)
            SocketFile.Remove(file);
    }

    internal static Socket Open(EndPoint endPoint, int backlog)
    {
        Socket listener = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            try
            {
                listener.Bind(endPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && IsAbandoned(endPoint))
            {
                File.Delete(endPoint.ToString()!);
                listener.Bind(endPoint);
            }

            listener.Listen(backlog);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static bool IsAbandoned(EndPoint endPoint)
    {
        if (endPoint is not UnixDomainSocketEndPoint)
            return false;
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
