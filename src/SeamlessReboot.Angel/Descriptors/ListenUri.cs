using System.Globalization;
using System.Net;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>
/// The URIs of --listen: tcp://HOST:PORT, tcp4://, tcp6://, unix:///PATH. HOST may be empty or '*' for every address. A fragment
/// names the socket for LISTEN_FDNAMES (tcp://*:80#http); unix takes ?mode=OCTAL for the socket file.
/// </summary>
internal static class ListenUri
{
    internal const string Remedy = "Write tcp://HOST:PORT, tcp4://HOST:PORT, tcp6://HOST:PORT or unix:///PATH; HOST may be * for every address.";

    /// <summary>Bytes that a unix socket's path may have: 108 in the kernel's structure, the last of which is the terminating zero.</summary>
    internal const int LongestPath = 107;

    /// <exception cref="FormatException">With the reason.</exception>
    internal static Uri Parse(string text)
    {
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
            throw new FormatException("it has no scheme");
        string kind = text[..scheme].ToLowerInvariant();
        return kind switch
        {
            "unix" => Unix(text),
            "tcp" or "tcp4" or "tcp6" => Tcp(kind, text[(scheme + 3)..]),
            _ => throw new FormatException($"'{kind}' is not a scheme for a listening socket"),
        };
    }

    /// <summary>The host without the brackets of an IPv6 address.</summary>
    internal static string Host(Uri uri) => uri.Host.Trim('[', ']');

    internal static string Path(Uri uri) => Uri.UnescapeDataString(uri.AbsolutePath);

    /// <summary>The permissions of the socket file; null as the umask has it.</summary>
    internal static UnixFileMode? Mode(Uri uri) =>
        uri.Query.StartsWith("?mode=", StringComparison.Ordinal) ? (UnixFileMode)Convert.ToInt32(uri.Query[6..], 8) : null;

    /// <summary>What LISTEN_FDNAMES calls it: its fragment; else its scheme and its port or file. No colon, which separates names there.</summary>
    internal static string Name(Uri uri)
    {
        string name = uri.Fragment.Length > 1
            ? Uri.UnescapeDataString(uri.Fragment[1..])
            : uri.Scheme + "-" + (uri.Scheme == "unix" ? System.IO.Path.GetFileName(Path(uri)) : uri.Port.ToString(CultureInfo.InvariantCulture));
        return string.Concat(name.Select(c => c is > ' ' and <= '~' and not ':' ? c : '_'));
    }

    private static Uri Unix(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length > 0)
            throw new FormatException("its path has to be absolute, with three slashes: unix:///run/server.sock");
        string path = Path(uri);
        if (path.Length < 2 || path.EndsWith('/'))
            throw new FormatException("it names no file");
        CheckLength(path);
        if (uri.Query.Length > 0 && (!uri.Query.StartsWith("?mode=", StringComparison.Ordinal) || !IsOctal(uri.Query[6..])))
            throw new FormatException("after '?' only mode=OCTAL is understood, such as ?mode=660");
        CheckName(uri);
        return uri;
    }

    /// <exception cref="FormatException">The kernel takes no path so long.</exception>
    internal static void CheckLength(string path)
    {
        int bytes = System.Text.Encoding.UTF8.GetByteCount(path);
        if (bytes > LongestPath)
            throw new FormatException($"the path of a unix socket may have {LongestPath} bytes, and '{path}' has {bytes}");
    }

    private static Uri Tcp(string kind, string rest)
    {
        int name = rest.IndexOf('#', StringComparison.Ordinal);
        string fragment = name < 0 ? "" : rest[name..], authority = name < 0 ? rest : rest[..name];
        int colon = authority.LastIndexOf(':');
        if (colon < 0 || authority.EndsWith(']'))
            throw new FormatException("it has no port");
        string host = authority[..colon], digits = authority[(colon + 1)..].TrimEnd('/');
        if (!ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw new FormatException($"'{digits}' is not a port (0 to 65535)");
        if (host is "" or "*")
            host = kind == "tcp4" ? "0.0.0.0" : "[::]";
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!bracketed && host.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"an IPv6 address stands in brackets: {kind}://[{host}]:{port}");
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
            && (kind == "tcp4" && address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork
                || kind == "tcp6" && address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6))
            throw new FormatException($"{host} is not an address of the family that {kind}:// asks for");
        if (!Uri.TryCreate($"{kind}://{host}:{port}{fragment}", UriKind.Absolute, out Uri? uri) || uri.AbsolutePath is not ("" or "/"))
            throw new FormatException($"'{host}' is not a host");
        CheckName(uri);
        return uri;
    }

    private static bool IsOctal(string digits) => digits.Length is 3 or 4 && digits.All(c => c is >= '0' and <= '7');

    private static void CheckName(Uri uri)
    {
        if (Uri.UnescapeDataString(uri.Fragment).Length > 256)
            throw new FormatException("the name after '#' has more than 255 characters");
    }
}
