using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Children;

/// <summary>The real paths of a release, behind the symlinks that the next deploy flips. Tests replace it.</summary>
internal class ReleaseFiles
{
    private static readonly string? _path = Environment.GetEnvironmentVariable("PATH");

    /// <summary>
    /// The same command by real paths. A program that was named by a path is one of them, so is the assembly, or script, that a
    /// program found through PATH is to run: that program itself is no part of the release. Null when something is not there.
    /// </summary>
    internal virtual Release? Resolve(Release release)
    {
        string[] command = [.. release.Command];
        if (Processes.RealPath(release.Directory) is not string directory)
            return null;
        bool byPath = command[0].Contains('/', StringComparison.Ordinal);
        if (byPath)
        {
            if (Processes.RealPath(Path.Combine(release.Directory, command[0])) is not string program)
                return null;
            // An interpreter by its path, as in /venv/bin/python: behind its link it would be another one.
            if (!IsHost(command[0]))
                command[0] = program;
        }

        if (!byPath || IsHost(command[0]))
        {
            int script = Array.FindIndex(command, 1, a => !a.StartsWith('-') && File.Exists(Path.Combine(release.Directory, a)));
            if (script > 0)
                command[script] = Processes.RealPath(Path.Combine(release.Directory, command[script])) ?? command[script];
            else if (Array.Exists(command, a => a.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)))
                return null;
        }

        return new Release(command, directory);
    }

    /// <summary>What keeps the release from being started, in words; null when nothing does.</summary>
    internal virtual StartFailureException? Check(Release release)
    {
        string program;
        try
        {
            program = Path.Combine(release.Directory, ProcessImage.Resolve(release.Command[0], _path, release.Directory));
        }
        catch (FileNotFoundException)
        {
            return new StartFailureException(StartFailureException.NotFound, $"The program '{release.Command[0]}' is in no directory of PATH. Name it by its path, or install it.");
        }

        if (Directory.Exists(program))
            return new StartFailureException(StartFailureException.NotExecutable, $"'{program}' is a directory. Name the program in it.");
        using Node? file = Node.Find(program, followLink: true);
        if (file is null)
            return new StartFailureException(StartFailureException.NotFound, $"The program '{program}' is not there. Put it there, or name another.");
        if (!ProcessImage.IsExecutableFile(program))
            return new StartFailureException(StartFailureException.NotExecutable, $"The program '{program}' may not be executed by this user. Run: chmod +x '{program}'");
        if (!file.IsFile)
            return new StartFailureException(StartFailureException.NotExecutable, $"'{program}' is {file.Word}, not a program. Name the program.");
        if (Interpreter(file) is string interpreter && !File.Exists(interpreter))
            return new StartFailureException(StartFailureException.NotFound, $"The script '{program}' is to be run by '{interpreter}', which is not there. Install that, or change the script's first line.");
        return null;
    }

    private static bool IsHost(string program) =>
        Path.GetFileName(program) is "dotnet" or "node" or "perl" or "ruby" or "sh" or "bash" or ['p', 'y', 't', 'h', 'o', 'n', ..];

    // "#!" and a path: the first line of a script.
    private static string? Interpreter(Node program)
    {
        string start = ProcFile.Read(program.Link);
        if (!start.StartsWith("#!", StringComparison.Ordinal))
            return null;
        string line = start[2..].Split('\n')[0].Trim();
        return line.Split([' ', '\t'], 2)[0] is { Length: > 0 } path ? path : null;
    }
}
