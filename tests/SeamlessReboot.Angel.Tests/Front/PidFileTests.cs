using System.Globalization;
using SeamlessReboot.Angel.Daemon;

namespace SeamlessReboot.Angel.Tests.Front;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PidFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string FilePath => _directory["a.pid"];

    public void Dispose() => _directory.Dispose();

    [Test]
    public void The_number_is_written_and_the_file_removed_at_the_end()
    {
        using (PidFile file = Take(FilePath))
        {
            Assert.That(File.ReadAllText(FilePath), Is.EqualTo(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
            Assert.That(PidFile.Inspect(FilePath), Is.EqualTo(new PidFileState(true, true, Environment.ProcessId, true)));
            Assert.That(file.Complaint, Is.Null);
        }

        Assert.That(File.Exists(FilePath), Is.False);
        Assert.That(PidFile.Inspect(FilePath), Is.EqualTo(new PidFileState(false, false, null, false)));
    }

    [Test]
    public void Who_runs_already_is_said()
    {
        using PidFile first = Take(FilePath);
        AngelException? refused = Assert.Throws<AngelException>(() => Take(FilePath));
        Assert.That(refused!.ExitCode, Is.EqualTo(ExitCodes.AlreadyRunning));
        Assert.That(refused.Message, Does.Contain(string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} is already running")));
        Assert.That(PidFile.Inspect(FilePath).Held, Is.True, "The one who was refused took nothing away.");
    }

    [Test]
    public void A_file_left_behind_is_taken_over_whatever_process_has_its_number_now()
    {
        File.WriteAllText(FilePath, "1\n");
        Assert.That(PidFile.Inspect(FilePath), Is.EqualTo(new PidFileState(true, true, 1, false)));
        using PidFile file = Take(FilePath);
        Assert.That(PidFile.Inspect(FilePath).Pid, Is.EqualTo(Environment.ProcessId));
    }

    [Test]
    public void A_file_that_is_no_pid_file_is_left_alone()
    {
        File.WriteAllText(FilePath, "root:x:0:0");
        Assert.That(() => Take(FilePath), Throws.TypeOf<AngelException>().With.Message.Contains("not a pid file"));
        Assert.That(File.ReadAllText(FilePath), Is.EqualTo("root:x:0:0"));
    }

    [Test]
    public void A_setting_of_the_kernel_is_no_pid_file_though_it_is_a_number() =>
        Assert.That(() => Take("/proc/self/oom_score_adj"), Throws.TypeOf<AngelException>().With.Message.Contains("not a pid file"));

    [Test]
    public void A_symlink_is_not_followed()
    {
        File.CreateSymbolicLink(FilePath, _directory["elsewhere"]);
        Assert.That(() => Take(FilePath), Throws.TypeOf<AngelException>().With.Property(nameof(AngelException.ExitCode)).EqualTo(ExitCodes.SystemTrouble));
        Assert.That(File.Exists(_directory["elsewhere"]), Is.False);
    }

    [Test]
    public void A_directory_that_is_missing_is_named() =>
        Assert.That(() => Take(_directory["none/a.pid"]), Throws.TypeOf<AngelException>().With.Message.Contains("directory has to exist"));

    [Test]
    public void The_lock_goes_with_the_descriptor()
    {
        PidFile file = Take(FilePath);
        using PidFile adopted = PidFile.Adopt(FilePath, file.Fd);
        Assert.That(() => Take(FilePath), Throws.TypeOf<AngelException>());
    }

    [Test]
    public void A_file_that_somebody_has_replaced_is_not_removed()
    {
        using (Take(FilePath))
        {
            File.Move(FilePath, _directory["moved"]);
            File.WriteAllText(FilePath, "somebody else's");
        }

        Assert.That(File.ReadAllText(FilePath), Is.EqualTo("somebody else's"));
    }

    [Test]
    public async Task Who_only_looks_is_in_nobodys_way()
    {
        using CancellationTokenSource end = new();
        Task looking = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
                PidFile.Inspect(FilePath);
        });
        for (int i = 0; i < 50; i++)
            using (Take(FilePath))
                Assert.That(File.Exists(FilePath), Is.True);
        await end.CancelAsync();
        await looking;
    }

    private static PidFile Take(string path) => PidFile.Take(path, Mono.Unix.Native.Syscall.geteuid());
}
