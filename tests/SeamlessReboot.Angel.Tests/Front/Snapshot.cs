using System.Globalization;
using System.Text;
using Mono.Unix.Native;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>Everything below a directory, one line each: kind, permissions, owner, names, and what is in it.</summary>
internal static class Snapshot
{
    internal static string Of(string directory)
    {
        StringBuilder text = new();
        Add(directory, text);
        return text.ToString();
    }

    private static void Add(string path, StringBuilder text)
    {
        text.AppendLine(Line(path));
        // .NET's own recursion follows symlinks to directories.
        if (Syscall.lstat(path, out Stat stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFDIR)
            foreach (string entry in Directory.GetFileSystemEntries(path).Order(StringComparer.Ordinal))
                Add(entry, text);
    }

    private static string Line(string path)
    {
        if (Syscall.lstat(path, out Stat stat) != 0)
            return path + " is gone";
        FilePermissions kind = stat.st_mode & FilePermissions.S_IFMT;
        string content = kind switch
        {
            FilePermissions.S_IFREG => File.ReadAllText(path),
            FilePermissions.S_IFLNK => new FileInfo(path).LinkTarget ?? "",
            FilePermissions.S_IFCHR => stat.st_rdev.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
        string names = kind == FilePermissions.S_IFDIR ? "" : stat.st_nlink.ToString(CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{path}: {kind} {(int)(stat.st_mode & FilePermissions.ALLPERMS):x} {stat.st_uid}:{stat.st_gid} {names} '{content.ReplaceLineEndings("|")}'");
    }
}
