using System.Net.Sockets;

namespace SeamlessReboot;

/// <summary>
/// A client whose duplicate a supervisor holds already, though it is no session yet. When the server turns it away by closing it, the
/// supervisor has to let go too, or the client would never be told.
/// </summary>
internal sealed class AcceptedSocket : Socket
{
    private readonly string _storeName;
    private readonly Action<string> _whenClosed;

    private AcceptedSocket(SafeSocketHandle handle, string storeName, Action<string> whenClosed)
        : base(handle)
    {
        _storeName = storeName;
        _whenClosed = whenClosed;
    }

    /// <summary>Takes the descriptor of an accepted socket over.</summary>
    internal static AcceptedSocket Of(Socket accepted, string storeName, Action<string> whenClosed)
    {
        AcceptedSocket socket = new(accepted.SafeHandle, storeName, whenClosed);
#pragma warning disable CA1816 // it would close what is no longer its own
        GC.SuppressFinalize(accepted);
#pragma warning restore CA1816
        return socket;
    }

    /// <summary>False when the supervisor has been told to let go of it although it is open.</summary>
    internal bool IsHeld { get; set; } = true;

    /// <summary>Under which name.</summary>
    internal string StoreName => _storeName;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && IsHeld)
            _whenClosed(_storeName);
    }
}
