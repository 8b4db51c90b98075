using System.Text;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// The running release by its real paths, so that it can be started again when the links of a deploy lead to another one. The
/// environment and the directory are not in it: they are those of the start, which every image is given.
/// </summary>
internal sealed class ReleaseImage
{
    private const int MostBytes = 16 * 1024; // as base64, beside all else that goes into one environment variable

    private ReleaseImage(string path, IReadOnlyList<byte[]> arguments)
    {
        Path = path;
        Arguments = arguments;
    }

    /// <summary>Of the program: the dotnet host, or the server itself.</summary>
    internal string Path { get; }

    /// <summary>
    /// As at the start, byte for byte, but for the assembly that a dotnet host was given: that by its real path. Other arguments that
    /// lead through a link lead where it leads then.
    /// </summary>
    internal IReadOnlyList<byte[]> Arguments { get; }

    /// <summary>This process. To be called before a deploy may flip a link: soon after the start, though not in the pause.</summary>
    /// <returns>Null when it cannot be started again: its program or assembly has been removed already.</returns>
    internal static ReleaseImage? OfThisProcess(ProcessStart start, HostProcess process) =>
        process.Program() is string program ? Of(program, process.CommandLine(), start.Directory) : null;

    /// <param name="program">The real path of the program.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="directory">Where the process was started.</param>
    internal static ReleaseImage? Of(string program, IReadOnlyList<byte[]> arguments, string directory)
    {
        if (!File.Exists(program)) // a path that ends in " (deleted)", too
            return null;
        List<byte[]> real = [.. arguments];
        int assembly = ExecPlan.IsDotnetHost(program) ? ExecPlan.AssemblyIn(arguments) : -1;
        if (assembly >= 0)
        {
            if (RealPath.Of(System.IO.Path.Combine(directory, Encoding.UTF8.GetString(arguments[assembly]))) is not string path)
                return null;
            real[assembly] = Encoding.UTF8.GetBytes(path);
        }

        return new ReleaseImage(program, real);
    }

    /// <summary>In one line of plain text; empty when the command line is too long to be handed on.</summary>
    internal string Encode() => Join([Encoding.UTF8.GetBytes(Path), .. Arguments]);

    /// <summary>A command line in one line of plain text; empty when it is too long to be handed on.</summary>
    internal static string Join(IReadOnlyList<byte[]> parts)
    {
        using MemoryStream bytes = new();
        foreach (byte[] part in parts)
        {
            bytes.Write(part);
            bytes.WriteByte(0);
        }

        return bytes.Length > MostBytes ? "" : Convert.ToBase64String(bytes.ToArray());
    }

    /// <summary>Null when the text is empty or none of ours.</summary>
    internal static ReleaseImage? Decode(string text) =>
        Split(text) is { Count: > 1 } parts ? new ReleaseImage(Encoding.UTF8.GetString(parts[0]), [.. parts.Skip(1)]) : null;

    /// <summary>The command line that was joined; null when the text is empty or none of ours.</summary>
    internal static IReadOnlyList<byte[]>? Split(string text)
    {
        byte[] bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out int length) || length == 0 || bytes[length - 1] != 0)
            return null;
        List<byte[]> parts = [];
        for (ReadOnlySpan<byte> rest = bytes.AsSpan(0, length); !rest.IsEmpty; rest = rest[(parts[^1].Length + 1)..])
            parts.Add(rest[..rest.IndexOf((byte)0)].ToArray());
        return parts;
    }
}
