using System.Text;

namespace SeamlessReboot;

/// <summary>Which encodings the lines of a connection can be in.</summary>
internal static class LineEncoding
{
    internal static readonly Encoding Default = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    internal static Encoding Require(Encoding encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        return encoding.GetBytes("\n") is [(byte)'\n']
            ? encoding
            : throw new ArgumentException($"In {encoding.WebName} a line end is not the one byte 10, by which a connection finds its lines. "
                + "Use UTF-8, Latin-1 or another encoding that extends ASCII.", nameof(encoding));
    }
}
