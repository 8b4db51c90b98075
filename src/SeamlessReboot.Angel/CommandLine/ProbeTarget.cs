using SeamlessReboot.Angel.Descriptors;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>What --probe says: tcp://HOST:PORT, and after a '=' what to say there.</summary>
internal sealed record ProbeTarget(Uri Address, string? Text)
{
    internal const string Remedy = "Write tcp://HOST:PORT, or tcp://HOST:PORT=TEXT to have TEXT sent and an answer waited for.";

    /// <exception cref="FormatException">With the reason.</exception>
    internal static ProbeTarget Parse(string value)
    {
        int text = value.IndexOf('=', StringComparison.Ordinal);
        Uri address = ListenUri.Parse(text < 0 ? value : value[..text]);
        if (address.Scheme is not ("tcp" or "unix"))
            throw new FormatException($"'{address.Scheme}' is not a scheme that a probe can use");
        if (address.Scheme == "tcp" && address.Port == 0)
            throw new FormatException("port 0 cannot be connected to");
        return new ProbeTarget(address, text < 0 ? null : value[(text + 1)..]);
    }
}
