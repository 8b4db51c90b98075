using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SeamlessReboot.Posix;

/// <summary>
/// The words for a call that has failed, and its errno, which is read before the first word is put in: to format an end point, or anything
/// else for the first time in a process, makes system calls of its own, and those overwrite the errno.
/// </summary>
[InterpolatedStringHandler]
internal ref struct FailedCall
{
    private DefaultInterpolatedStringHandler _words;

    public FailedCall(int literalLength, int formattedCount)
    {
        Errno = Marshal.GetLastPInvokeError();
        _words = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    internal int Errno { get; }

    public void AppendLiteral(string value) => _words.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _words.AppendFormatted(value);

    internal string Words() => _words.ToStringAndClear();
}
