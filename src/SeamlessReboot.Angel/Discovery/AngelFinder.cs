using System.Globalization;
using System.Runtime.InteropServices;
using Mono.Unix.Native;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Discovery;

/// <summary>Finds the angel that a verb is for. Root sees all angels, other users their own.</summary>
internal static class AngelFinder
{
    /// <summary>The angel of a name or directory, running or not; without either, the only one that runs.</summary>
    /// <returns>Null when none runs, or none of that name has left anything.</returns>
    /// <exception cref="AngelException">Several run: the message lists them.</exception>
    internal static FoundAngel? Find(string? name, string? directory)
    {
        if (directory is not null)
            return Given(Path.GetFullPath(directory));
        List<FoundAngel> all = All();
        if (name is not null)
            all = all.FindAll(a => a.Name == name);
        List<FoundAngel> running = all.FindAll(a => a.Runs);
        if (running.Count > 1)
            throw new AngelException(ExitCodes.Usage,
                $"{running.Count.ToString(CultureInfo.InvariantCulture)} angels run{(name is null ? "" : " of that name")}. Say which one with {(name is null ? "--name NAME" : "--runtime-dir DIR")}:"
                + string.Concat(running.Select(a => $"\n  {a.Name}  (angel {a.Pid?.ToString(CultureInfo.InvariantCulture) ?? "?"}, {a.Directory})")));
        return running.Count == 1 ? running[0] : name is null ? null : all.FirstOrDefault();
    }

    /// <summary>Every directory of an angel in the places where they are by default.</summary>
    internal static List<FoundAngel> All()
    {
        uint caller = DirectoryHandle.CurrentUser();
        List<FoundAngel> found = [];
        foreach (string place in Places(caller))
            foreach (string folder in Enumerate(place, caller == 0 ? "seamless-angel-*" : RuntimeDirectory.Folder(caller)))
            {
                // A folder that one user has made in another's name is not trusted.
                if (!uint.TryParse(folder.AsSpan(folder.LastIndexOf('-') + 1), out uint owner) || !RuntimeDirectory.IsTrusted(folder, owner))
                    continue;
                foreach (string directory in Enumerate(folder, "*"))
                    if (AngelName.IsValid(Path.GetFileName(directory)) && RuntimeDirectory.IsTrusted(directory, owner))
                        found.Add(Look(directory));
            }

        return found;
    }

    internal static FoundAngel Look(string directory) =>
        new(Path.GetFileName(directory.TrimEnd('/')), directory, PidFile.Inspect(Path.Combine(directory, RuntimeDirectory.PidFile)));

    private static FoundAngel? Given(string directory)
    {
        if (Syscall.lstat(directory, out Stat stat) != 0)
            return Marshal.GetLastPInvokeError() == (int)Errno.EACCES
                ? throw new AngelException(ExitCodes.UnknownStatus, $"this user may not look into '{directory}'. Ask as its owner, or as root.")
                : null;
        if (!RuntimeDirectory.IsTrusted(directory, DirectoryHandle.CurrentUser() == 0 ? stat.st_uid : DirectoryHandle.CurrentUser()))
            throw new AngelException(ExitCodes.UnknownStatus, $"'{directory}' is another user's, or others may write in it. Ask as its owner, or as root.");
        return Look(directory);
    }

    private static IEnumerable<string> Places(uint caller)
    {
        IEnumerable<string> places = [RuntimeDirectory.DefaultBase(caller), "/run", "/tmp"];
        if (caller == 0)
            places = places.Concat(Enumerate("/run/user", "*"));
        else
            places = places.Append(string.Create(CultureInfo.InvariantCulture, $"/run/user/{caller}"));
        return places.Distinct();
    }

    private static string[] Enumerate(string directory, string pattern)
    {
        try
        {
            return Directory.GetDirectories(directory, pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
