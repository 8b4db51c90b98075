namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A directory of one test. Its path is short, because the paths of unix sockets have to be.</summary>
internal sealed class Workspace : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("srt-").FullName;

    /// <summary>The server's spool directory; the server makes it.</summary>
    public string Spool => File("spool");

    public string File(string name) => Path.Combine(Root, name);

    public string Write(string name, string text, bool executable = false)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, text);
        if (executable)
            System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>Makes a symlink, or lets it lead elsewhere, in one step as a deploy does.</summary>
    public void Link(string name, string target)
    {
        string beside = File(name + ".new");
        System.IO.File.CreateSymbolicLink(beside, target);
        if (Libc.Rename(beside, File(name)) != 0)
            throw new IOException($"'{beside}' could not be renamed.");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
