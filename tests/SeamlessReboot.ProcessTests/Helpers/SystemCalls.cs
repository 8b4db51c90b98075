using System.Text.RegularExpressions;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>What strace has written: with -f, so that each line begins with the number of a thread, and with -yy, so that each descriptor says what it is.</summary>
internal sealed partial class SystemCalls
{
    private const string Traced = "network,openat,openat2,open,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,rmdir,"
        + "truncate,ftruncate,write,writev,pwrite64,pwritev,sendfile,fchmod,fchmodat,chmod,fchown,fchownat,chown,flock,kill,tgkill";

    private readonly IReadOnlyList<(string Name, string Line)> _calls;

    private SystemCalls(IReadOnlyList<(string Name, string Line)> calls) => _calls = calls;

    public int Count => _calls.Count;

    /// <summary>Words to put before a command, whose system calls are to be written to the file.</summary>
    public static string Command(string file) => $"strace -f -qq -yy -s 128 -o {file} -e trace={Traced}";

    /// <summary>Ends the test, in words, where no process can be traced.</summary>
    public static async Task RequireAsync()
    {
        if (!Shell.Has("strace"))
            Assert.Ignore("There is no strace on this machine, to see what a rehearsal asks of the kernel.");
        (int code, string output) = await Shell.TryAsync("strace", "-o", "/dev/null", "true");
        if (code != 0)
            Assert.Ignore($"No process can be traced on this machine: {output.Trim()}");
    }

    public static SystemCalls Read(string file)
    {
        List<(string, string)> calls = [];
        foreach (string line in File.ReadLines(file))
            if (CallAtStart().Match(line) is { Success: true } call)
                calls.Add((call.Groups["name"].Value, line));
        return new SystemCalls(calls);
    }

    /// <summary>Those with one of these names, whole lines.</summary>
    public IReadOnlyList<string> Named(params string[] names) => [.. _calls.Where(c => names.Contains(c.Name)).Select(c => c.Line)];

    /// <summary>Files that were opened for more than reading, and what else changes what is on a disk.</summary>
    public IReadOnlyList<string> Changing() =>
    [
        .. Named("openat", "openat2", "open").Where(l => ForWriting().IsMatch(l)),
        .. Named("creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat", "rmdir",
            "truncate", "ftruncate", "fchmod", "fchmodat", "chmod", "fchown", "fchownat", "chown"),
    ];

    [GeneratedRegex(@"^\d+ +(?<name>\w+)\(")]
    private static partial Regex CallAtStart();

    [GeneratedRegex("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")]
    private static partial Regex ForWriting();
}
