using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>The number behind a handle, kept from being closed until the lease is disposed.</summary>
internal readonly ref struct FdLease
{
    private readonly SafeHandle _handle;

    internal FdLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
        Fd = (int)handle.DangerousGetHandle();
    }

    internal int Fd { get; }

    public void Dispose() => _handle.DangerousRelease();
}
