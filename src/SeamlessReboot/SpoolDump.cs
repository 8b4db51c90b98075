using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>Shows a person what a spool holds: during a reboot, after a crash, or what was quarantined.</summary>
public static class SpoolDump
{
    private const int LongestText = 200;

    /// <summary>Writes every spool file of a directory as text. Damage is told, never thrown.</summary>
    /// <param name="directory">The spool directory.</param>
    /// <param name="output">Where to.</param>
    /// <exception cref="IOException">The directory or a file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory is another user's.</exception>
    public static void Write(string directory, TextWriter output)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(output);
        string[] files = Directory.GetFiles(directory, "*.spool*");
        Array.Sort(files, StringComparer.Ordinal);
        if (files.Length == 0)
            output.WriteLine($"{directory} holds no spool.");
        foreach (string file in files)
            WriteFile(file, output);
    }

    private static void WriteFile(string file, TextWriter output)
    {
        using SafeFileHandle handle = File.OpenHandle(file);
        SpoolReader spool = SpoolReader.Read(handle, nonce: null, hasEnd: Path.GetFileName(file) != SpoolFormat.AddedName);
        output.WriteLine(file);
        if (spool.Header is SpoolRecord record && SpoolHeader.From(record) is SpoolHeader header)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  for generation {header.Generation} of process {header.Pid}, written {header.Written:u}, state as {header.Serializer}"));
        foreach (SpoolRecord entry in spool.Records)
            WriteRecord(entry, output);
        foreach (string damage in spool.Damage)
            output.WriteLine("  DAMAGED: " + damage);
    }

    private static void WriteRecord(SpoolRecord record, TextWriter output)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"  {record.Kind.ToString().ToLowerInvariant()} {record.Name}");
        if (record.Type.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" ({record.Type})");
        if (record.Fd >= 0)
            line.Append(CultureInfo.InvariantCulture, $" fd {record.Fd}");
        if (FdIdentity.Decode(record.Identity.Span) is { } identity)
            line.Append(CultureInfo.InvariantCulture, $" {identity}");
        output.WriteLine(line);
        WriteBytes("unread", record.Unread, output);
        WriteBytes("unsent", record.Unsent, output);
        WriteBytes("state", record.State, output);
    }

    private static void WriteBytes(string name, ReadOnlyMemory<byte> bytes, TextWriter output)
    {
        if (bytes.IsEmpty)
            return;
        string text = Encoding.UTF8.GetString(bytes.Span[..Math.Min(bytes.Length, LongestText)]);
        StringBuilder shown = new();
        foreach (char c in text)
            shown.Append(char.IsControl(c) ? string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}") : c.ToString());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"    {name} {bytes.Length} bytes: {shown}{(bytes.Length > LongestText ? " ..." : "")}"));
    }
}
