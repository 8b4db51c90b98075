using System.Diagnostics;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>
/// As root the angel harms nothing: traps are laid at each path that it takes, the real angel is run, and nothing that was there before has changed.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RootTests : DaemonTest
{
    private const uint Stranger = 4711;
    private const string Ends = "exit 0";

    /// <summary>Those that need no directory on the way.</summary>
    private static IEnumerable<Trap> InDirectory => Enum.GetValues<Trap>().Where(t => t != Trap.SymlinkOnTheWay);

    private string Tree => Temporary["tree"];

    /// <summary>Root's, with what must not be touched.</summary>
    private string Treasury => Temporary["tree/root"];

    /// <summary>The directory of the user that the angel becomes.</summary>
    private string Home => Temporary["tree/home"];

    private static User Nobody => User.Find("nobody")!;

    [SetUp]
    public void MakeTree()
    {
        if (DirectoryHandle.CurrentUser() != 0 || User.Find("nobody") is null)
            Assert.Ignore("Only root can do harm as root, and this needs a user 'nobody'.");
        File.SetUnixFileMode(Temporary.Path, (UnixFileMode)0x1ED);
        Directory.CreateDirectory(Treasury, (UnixFileMode)0x1ED);
        // A number, so that it could be taken for a pid file.
        File.WriteAllText(Treasury + "/secret", "1234\n");
        File.SetUnixFileMode(Treasury + "/secret", (UnixFileMode)0x180);
        Directory.CreateDirectory(Treasury + "/private", (UnixFileMode)0x1C0);
        File.WriteAllText(Treasury + "/private/secret", "5678\n");
        Directory.CreateDirectory(Home, (UnixFileMode)0x1ED);
        Give(Home, Nobody.Id);
    }

    [Test]
    public Task A_pid_file_that_is_a_trap_is_refused([Values] Trap trap, [Values] bool user, [Values] bool inHome) =>
        RefusedAsync(Lay(trap, inHome ? Home : Treasury, "a.pid") is var path ? ["--pid-file", path] : [], path, user);

    [Test]
    public Task A_log_that_is_a_trap_is_refused([Values] Trap trap, [Values] bool user, [Values] bool inHome) =>
        RefusedAsync(Lay(trap, inHome ? Home : Treasury, "a.log") is var path ? ["--daemon", "--log-file", path] : [], path, user);

    [Test]
    public async Task A_log_that_is_a_trap_does_not_keep_an_angel_in_the_foreground_from_its_work([Values] Trap trap, [Values] bool user)
    {
        string path = Lay(trap, Home, "a.log");
        CommandResult ended = await UnchangedAsync(["--log-file", path], user);
        Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
        Assert.That(ended.Errors, Does.Contain("the log cannot be written and continues here").And.Contain(path));
    }

    [Test]
    public Task A_unix_socket_that_is_a_trap_is_refused([Values] Trap trap, [Values] bool user, [Values] bool inHome) =>
        RefusedAsync(Lay(trap, inHome ? Home : Treasury, "s") is var path ? ["--listen", $"unix://{path}?mode=666"] : [], path, user);

    [Test]
    public async Task Another_users_socket_is_left_where_it_is([Values] bool user, [Values] bool inHome)
    {
        string path = (inHome ? Home : Treasury) + "/s";
        using (System.Net.Sockets.Socket left = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            left.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path + ".old"));
            File.Move(path + ".old", path); // so that its end leaves the file
        }

        Give(path, Stranger);
        await RefusedAsync(["--listen", $"unix://{path}"], path, user);
    }

    [Test]
    public Task A_runtime_directory_that_is_a_trap_is_refused([Values] Trap trap, [Values] bool user, [Values] bool inHome) =>
        RefusedAsync(Lay(trap, inHome ? Home : Treasury, "rt") is var path ? ["--runtime-dir", path] : [], path, user);

    [Test]
    public async Task Roots_own_directory_is_not_given_away()
    {
        Assert.That(Syscall.symlink("/", Home + "/way"), Is.Zero);
        await RefusedAsync(["--runtime-dir", Treasury + "/private"], Treasury + "/private", user: true);
        await RefusedAsync(["--runtime-dir", $"{Home}/way{Treasury}/private"], $"{Home}/way{Treasury}/private", user: true);
    }

    [Test]
    public async Task Root_has_no_runtime_directory_in_that_of_another_user()
    {
        Directory.CreateDirectory(Home + "/rt", (UnixFileMode)0x1C0);
        await RefusedAsync(["--runtime-dir", Home + "/rt"], Home, user: false);
    }

    [Test]
    public async Task A_trap_in_the_runtime_directory_catches_nobody(
        [Values("angel.pid", "angel.log", "control", "notify")] string name, [ValueSource(nameof(InDirectory))] Trap trap, [Values] bool user)
    {
        string directory = user ? Home + "/rt" : Treasury + "/rt";
        Directory.CreateDirectory(directory, (UnixFileMode)0x1C0);
        Give(directory, user ? Nobody.Id : 0);
        string path = Lay(trap, directory, name);
        // Only a daemon has a log there.
        string[] daemon = name == "angel.log" ? ["--daemon"] : [];
        CommandResult ended = await UnchangedAsync([.. daemon, "--runtime-dir", directory], user, mayMake: directory);
        if (name is "angel.pid" or "angel.log")
        {
            Assert.That(ended.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble), ended.Errors);
            Assert.That(ended.Errors, Does.Contain(path));
        }
        else
        {
            Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
        }
    }

    [Test]
    public async Task A_log_that_is_watched_is_only_read([Values] Trap trap, [Values] bool user)
    {
        CommandResult ended = await UnchangedAsync(["--look-for", "never", "--in", Lay(trap, Home, "server.log")], user);
        Assert.That(ended.ExitCode, Is.Not.EqualTo(ExitCodes.SystemTrouble), ended.Errors);
    }

    [Test]
    public async Task A_verb_of_root_is_not_held_up_by_what_lies_there([Values("angel.pid", "control")] string name, [ValueSource(nameof(InDirectory))] Trap trap)
    {
        string directory = Home + "/rt";
        Directory.CreateDirectory(directory, (UnixFileMode)0x1C0);
        Give(directory, Nobody.Id);
        Lay(trap, directory, name);
        string before = Snapshot.Of(Tree);
        foreach (string verb in (string[])["status", "stop"])
            await AngelCommand.RunAsync(Temporary, verb, "--runtime-dir", directory);
        Assert.That(Snapshot.Of(Tree), Is.EqualTo(before));
    }

    [Test]
    public async Task By_default_too_a_user_who_lays_traps_harms_only_himself([ValueSource(nameof(InDirectory))] Trap trap)
    {
        string[] daemon = ["run", "--daemon", "--name", "test", "--restart", "never", .. As(true), "--", "sh", "-c", Ends];
        Directory.CreateDirectory(Treasury + "/run", (UnixFileMode)0x1ED);
        await EndAsync();
        string directory = Treasury + "/run/" + Discovery.RuntimeDirectory.Folder(Nobody.Id) + "/test";
        Assert.That(File.ReadAllText(directory + "/angel.log"), Does.Contain("seamless-angel"));
        File.Delete(directory + "/angel.log");
        Lay(trap, directory, "angel.log");
        Lay(trap, directory, "angel.pid");
        string before = Snapshot.Of(Tree);
        Assert.That((await EndAsync()).ExitCode, Is.EqualTo(ExitCodes.SystemTrouble));
        Assert.That(Snapshot.Of(Tree), Is.EqualTo(before));

        async Task<CommandResult> EndAsync()
        {
            await using AngelCommand command = AngelCommand.Start(Temporary, Treasury + "/run", daemon);
            return await command.EndAsync();
        }
    }

    [Test]
    public async Task A_symlink_of_roots_that_a_user_has_linked_leads_root_nowhere()
    {
        Assert.That(Syscall.symlink(Treasury, Treasury + "/link"), Is.Zero);
        Assert.That(Syscall.link(Treasury + "/link", Home + "/way"), Is.Zero);
        foreach (string option in (string[])["--pid-file", "--runtime-dir"])
            await RefusedAsync([option, Home + "/way/new"], Home + "/way", user: false);
    }

    [Test]
    public async Task The_name_of_the_runtimes_own_socket_can_be_guessed_and_gives_nothing_away()
    {
        string before = Snapshot.Of(Treasury);
        Directory.CreateDirectory(Home + "/tmp", (UnixFileMode)0x1FF);
        // The shell becomes the angel, so it knows the name.
        ProcessStartInfo info = new("/bin/sh", ["-c", "ln \"$0\" \"$TMPDIR/dotnet-diagnostic-$$-$(cut -d' ' -f22 /proc/$$/stat)-socket\"; exec dotnet \"$@\"", Treasury + "/secret",
            Path.Combine(AppContext.BaseDirectory, "seamless-angel.dll"), "run", "--name", "test", "--restart", "never", "--runtime-dir", RuntimeDirectory, .. As(true), "--", "sh", "-c", Ends]);
        info.Environment["TMPDIR"] = Home + "/tmp";
        using Process angel = Process.Start(info)!;
        try
        {
            await angel.WaitForExitAsync().WaitAsync(AngelCommand.Limit);
        }
        finally
        {
            angel.Kill(entireProcessTree: true); // nothing, where it has ended
        }

        Assert.That(angel.ExitCode, Is.Zero);
        foreach (string link in Directory.GetFiles(Home + "/tmp"))
            File.Delete(link);
        Assert.That(Snapshot.Of(Treasury), Is.EqualTo(before));
    }

    [Test]
    public async Task A_directory_that_is_swapped_all_the_time_for_a_symlink_leads_root_nowhere()
    {
        foreach (string name in (string[])["a.pid", "a.log"])
            File.WriteAllText($"{Treasury}/{name}", "1234\n");
        string path = Home + "/swapped", directory = Home + "/directory", link = Home + "/link";
        Directory.CreateDirectory(directory, (UnixFileMode)0x1ED);
        Give(directory, Nobody.Id);
        Assert.That(Syscall.symlink(Treasury, link), Is.Zero);
        Give(link, Nobody.Id);
        string before = Snapshot.Of(Treasury);
        using CancellationTokenSource end = new();
        Task swapping = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
                foreach (string one in (string[])[directory, link])
                {
                    _ = Syscall.rename(one, path);
                    Thread.Yield();
                    _ = Syscall.rename(path, one);
                }
        });
        for (int i = 0; i < 5; i++)
            foreach (bool user in (bool[])[true, false])
                await RunAsync(["--pid-file", path + "/a.pid", "--log-file", path + "/a.log", "--listen", $"unix://{path}/s?mode=666"], user);
        await end.CancelAsync();
        await swapping;
        Assert.That(Snapshot.Of(Treasury), Is.EqualTo(before));
    }

    [Test]
    public async Task What_is_put_in_its_place_while_it_runs_stays([Values] bool user)
    {
        foreach (string name in (string[])["a.pid", "a.log", "s"])
            File.WriteAllText($"{Treasury}/{name}", "1234\n");
        Directory.CreateDirectory(Home + "/mine", (UnixFileMode)0x1ED);
        Give(Home + "/mine", Nobody.Id);
        string mine = user ? Home + "/mine" : Temporary["mine"];
        if (!user)
            Directory.CreateDirectory(mine, (UnixFileMode)0x1ED);
        string before = Snapshot.Of(Treasury);
        CommandResult started = await StartAsync(Sleeps, ["--start-delay", "200ms", "--pid-file", mine + "/a.pid", "--log-file", mine + "/a.log",
            "--listen", $"unix://{mine}/s", .. As(user)]);
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        Directory.Move(mine, mine + ".moved");
        Assert.That(Syscall.symlink(Treasury, mine), Is.Zero);
        Assert.That(Syscall.lchown(mine, Nobody.Id, Nobody.Group), Is.Zero);
        int angel = AngelPid;
        RunningProcess.Signal(angel, Signum.SIGUSR1); // it writes into its log
        RunningProcess.Signal(angel, Signum.SIGTERM);
        await RunningProcess.UntilAsync(() => RunningProcess.Of(Temporary).Count == 0, "all have ended");
        Assert.That(Snapshot.Of(Treasury), Is.EqualTo(before));
        Assert.That(File.Exists(mine + ".moved/a.pid"), Is.False, "It removes its own pid file, wherever its directory is now.");
    }

    [Test]
    public async Task What_root_makes_for_a_user_is_that_users_and_the_pid_file_is_roots()
    {
        string log = Treasury + "/a.log", pid = Treasury + "/a.pid", socket = Treasury + "/s";
        CommandResult started = await StartAsync(Sleeps, ["--start-delay", "200ms", "--pid-file", pid, "--log-file", log, "--listen", $"unix://{socket}?mode=660", .. As(true)]);
        Assert.That(started.ExitCode, Is.Zero, started.Errors);
        foreach ((string path, uint owner) in ((string, uint)[])[(log, Nobody.Id), (socket, Nobody.Id), (pid, 0), (RuntimeDirectory, Nobody.Id)])
        {
            Assert.That(Syscall.lstat(path, out Stat stat), Is.Zero, path);
            Assert.That(stat.st_uid, Is.EqualTo(owner), path);
        }

        RunningProcess.Signal(AngelPid, Signum.SIGTERM);
        await RunningProcess.UntilAsync(() => RunningProcess.Of(Temporary).Count == 0, "all have ended");
        Assert.That(File.ReadAllText(pid), Is.Empty);
        CommandResult again = await StartAsync(Ends, ["--pid-file", pid, "--log-file", log, "--listen", $"unix://{socket}?mode=660", .. As(true)]);
        Assert.That(again.Errors, Does.Contain("has died before it was ready"), "All was taken over.");
    }

    [Test]
    public async Task A_file_of_roots_that_was_there_is_not_given_away()
    {
        File.WriteAllText(Treasury + "/a.log", "before\n");
        File.WriteAllText(Treasury + "/a.pid", "");
        CommandResult ended = await RunAsync(["--log-file", Treasury + "/a.log", "--pid-file", Treasury + "/a.pid"], user: true);
        Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
        foreach (string path in (string[])[Treasury + "/a.log", Treasury + "/a.pid"])
        {
            Assert.That(Syscall.lstat(path, out Stat stat), Is.Zero);
            Assert.That(stat.st_uid, Is.Zero, path);
        }

        Assert.That(File.ReadAllText(Treasury + "/a.log"), Does.StartWith("before\n").And.Contain("seamless-angel"));
    }

    private static string[] As(bool user) => user ? ["--user", "nobody"] : [];

    private Task<CommandResult> RunAsync(string[] options, bool user)
    {
        string[] place = options.Contains("--runtime-dir") ? [] : ["--runtime-dir", RuntimeDirectory];
        return AngelCommand.RunAsync(Temporary, ["run", "--name", "test", "--restart", "never", .. place, .. options, .. As(user), "--", "sh", "-c", Ends]);
    }

    private async Task RefusedAsync(string[] options, string named, bool user)
    {
        CommandResult ended = await UnchangedAsync(options, user);
        Assert.That(ended.ExitCode, Is.EqualTo(ExitCodes.SystemTrouble), ended.Errors);
        Assert.That(ended.Errors, Does.Contain(named));
    }

    /// <summary>Runs the angel to its end, and compares the tree.</summary>
    private async Task<CommandResult> UnchangedAsync(string[] options, bool user, string? mayMake = null)
    {
        HashSet<string> before = [.. Lines()];
        CommandResult ended = await RunAsync(options, user);
        HashSet<string> after = [.. Lines()];
        Assert.That(before.Except(after), Is.Empty, "changed or removed");
        Assert.That(after.Except(before).Where(l => mayMake is null || !l.StartsWith(mayMake + "/", StringComparison.Ordinal)), Is.Empty, "made");
        return ended;

        string[] Lines() => Snapshot.Of(Tree).Split('\n');
    }

    /// <returns>The path to give to the angel.</returns>
    private string Lay(Trap trap, string directory, string name)
    {
        string path = $"{directory}/{name}";
        Assert.That(Syscall.lstat(directory, out Stat at), Is.Zero);
        int result = 0;
        switch (trap)
        {
            case Trap.Symlink: result = Syscall.symlink(Treasury + "/secret", path); break;
            case Trap.SymlinkToNothing: result = Syscall.symlink(Treasury + "/new", path); break;
            case Trap.SymlinkOnTheWay:
                result = Syscall.symlink(Treasury, directory + "/way");
                Assert.That(Syscall.lchown(directory + "/way", Stranger, Stranger), Is.Zero);
                return $"{directory}/way/{name}";
            case Trap.HardLink: result = Syscall.link(Treasury + "/secret", path); break;
            case Trap.Fifo: result = Syscall.mkfifo(path, (FilePermissions)0x1B6); break;
            case Trap.Device: result = Syscall.mknod(path, FilePermissions.S_IFCHR | (FilePermissions)0x1B6, 0x103); break;
            case Trap.Directory:
                Directory.CreateDirectory(path, (UnixFileMode)0x1ED);
                File.WriteAllText(path + "/precious", "1234\n");
                break;
            case Trap.Foreign:
                File.WriteAllText(path, "1234\n");
                File.SetUnixFileMode(path, (UnixFileMode)0x1B6);
                Give(path, Stranger);
                break;
        }

        if (result != 0 && trap == Trap.Device)
            Assert.Ignore("This machine lets nobody make a device.");
        Assert.That(result, Is.Zero);
        if (trap is Trap.Symlink or Trap.SymlinkToNothing or Trap.Fifo or Trap.Directory)
            Assert.That(Syscall.lchown(path, at.st_uid, at.st_gid), Is.Zero);
        return path;
    }

    private static void Give(string path, uint owner) => Assert.That(Syscall.lchown(path, owner, owner), Is.Zero);
}
