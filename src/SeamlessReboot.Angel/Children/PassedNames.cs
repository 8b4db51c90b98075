using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Supervision;

namespace SeamlessReboot.Angel.Children;

/// <summary>
/// The descriptors that a server is given, and their names. LISTEN_FDNAMES is one variable, and the kernel takes 128 KiB in one. Where the
/// names are longer, one more descriptor goes along: a file in memory with the names of all, separated by ':' as in the variable. The variable
/// has as many as fit, so that any program can read them, and the descriptors of the others follow behind those of LISTEN_FDS.
/// </summary>
internal sealed class PassedNames : IDisposable
{
    private const int LongestVariable = 128 * 1024 - 64; // MAX_ARG_STRLEN, with the variable's name and the end
    private readonly List<int> _descriptors = [];
    private readonly SafeFileHandle? _file;

    internal PassedNames(IReadOnlyList<HeldListener> listeners, IEnumerable<StoredFd> stored)
    {
        List<string> names = [.. listeners.Select(l => l.Name)];
        _descriptors.AddRange(listeners.Select(l => l.Fd));
        List<StoredFd> all = [.. stored];
        int length = names.Sum(n => n.Length + 1), named = 0, room = LongestVariable;
        if (length + all.Sum(s => s.Name.Length + 1) > room)
            room -= PassedDescriptors.NamesFile.Length + 1;
        for (; named < all.Count && length + all[named].Name.Length + 1 <= room; named++)
        {
            length += all[named].Name.Length + 1;
            names.Add(all[named].Name);
            _descriptors.Add(all[named].Fd);
        }

        Unnamed = all[named..];
        if (Unnamed.Count > 0 && TryWrite([.. names, PassedDescriptors.NamesFile, .. Unnamed.Select(s => s.Name)]) is SafeFileHandle file)
        {
            _file = file;
            names.Add(PassedDescriptors.NamesFile);
            _descriptors.Add((int)file.DangerousGetHandle());
            _descriptors.AddRange(Unnamed.Select(s => s.Fd));
        }

        Count = names.Count;
        Variable = string.Join(':', names);
    }

    /// <summary>For LISTEN_FDS: how many have a name in the variable.</summary>
    internal int Count { get; }

    /// <summary>For LISTEN_FDNAMES.</summary>
    internal string Variable { get; }

    /// <summary>All, from 3 up in the server.</summary>
    internal IReadOnlyList<int> Descriptors => _descriptors;

    /// <summary>Those behind LISTEN_FDS; they stay behind where no file can be made.</summary>
    internal IReadOnlyList<StoredFd> Unnamed { get; }

    public void Dispose() => _file?.Dispose();

    private static SafeFileHandle? TryWrite(IEnumerable<string> names)
    {
        SafeFileHandle? file = null;
        try
        {
            file = MemoryFile.Create(PassedDescriptors.NamesFile);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(string.Join(':', names)), 0);
            MemoryFile.Seal(file);
            return file;
        }
        catch (IOException)
        {
            file?.Dispose();
            return null;
        }
    }
}
