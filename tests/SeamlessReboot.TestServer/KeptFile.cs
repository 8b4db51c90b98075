using System.Runtime.InteropServices;
using System.Text;

namespace SeamlessReboot.TestServer;

/// <summary>A file that is opened once, at the cold start, and then kept open.</summary>
internal sealed class KeptFile
{
    private readonly SafeHandle _handle;

    private KeptFile(SafeHandle handle) => _handle = handle;

    /// <summary>Its descriptor's number.</summary>
    public int Number => (int)_handle.DangerousGetHandle();

    public static KeptFile Open(Rebooter rebooter, string path) =>
        new(rebooter.KeepOpen("file", () => File.OpenHandle(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)));

    public void Write(string line) =>
        Native.WriteAll(Number, Encoding.UTF8.GetBytes(line + "\n"));

    public void Close() => _handle.Dispose();
}
