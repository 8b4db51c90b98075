using System.Text;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Posix;

/// <summary>How a process was started, also where the kernel does not tell.</summary>
[NonParallelizable]
internal sealed class ProcessStartTests
{
    private static List<byte[]> Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static IEnumerable<string> Texts(List<byte[]> parts) => parts.Select(Encoding.UTF8.GetString);

    [TestCase("dotnet /srv/talker.dll --port 4000", "/srv/talker.dll --port 4000", "/usr/lib/dotnet/dotnet", "dotnet /srv/talker.dll --port 4000", TestName = "Of_a_dotnet_host_what_the_kernel_says_counts")]
    [TestCase("dotnet exec --roll-forward Major talker.dll a", "/srv/talker.dll a", "/usr/lib/dotnet/dotnet", "dotnet exec --roll-forward Major talker.dll a", TestName = "Options_of_the_host_are_kept")]
    [TestCase("./talker a b", "/srv/talker.dll a b", "/srv/talker", "./talker a b", TestName = "Of_a_program_what_the_kernel_says_counts")]
    [TestCase("", "/srv/talker.dll a", "/usr/lib/dotnet/dotnet", "/usr/lib/dotnet/dotnet /srv/talker.dll a", TestName = "Where_it_may_not_be_read_the_runtime_knows")]
    [TestCase("", "/srv/talker.dll a", "/srv/talker", "/srv/talker a", TestName = "Where_it_may_not_be_read_the_runtime_knows_of_a_program_too")]
    [TestCase("", "/srv/talker a", "/srv/talker", "/srv/talker a", TestName = "Where_it_may_not_be_read_the_runtime_knows_of_a_single_file_too")]
    [TestCase("talker:_serving_12", "/srv/talker.dll a", "/srv/talker", "/srv/talker a", TestName = "A_title_over_the_arguments_is_not_believed")]
    [TestCase("engine -map castle", "whatever x", "/srv/engine", "engine -map castle", TestName = "A_host_of_its_own_is_left_to_the_kernel")]
    public void The_command_line_is_found(string kernels, string runtimes, string program, string expected) =>
        Assert.That(Texts(ProcessStart.CommandLine(Bytes(kernels.Split(' ', StringSplitOptions.RemoveEmptyEntries)), runtimes.Split(' '), program)),
            Is.EqualTo(expected.Split(' ')));

    [Test]
    public void The_native_environment_is_that_of_the_start()
    {
        Environment.SetEnvironmentVariable("SRT_ADDED", "1");
        try
        {
            Assert.That(Texts(ProcessStart.NativeEnvironment()).Where(v => v.Contains('=', StringComparison.Ordinal)), Is.EquivalentTo(Texts(ProcessStart.Environment())));
            Assert.That(Texts(ProcessStart.NativeEnvironment()), Has.None.StartsWith("SRT_ADDED"));
            Assert.That(Texts(ProcessStart.Environment([])), Is.EqualTo(Texts(ProcessStart.NativeEnvironment())), "Where /proc tells nothing.");
        }
        finally
        {
            Environment.SetEnvironmentVariable("SRT_ADDED", null);
        }
    }

    [Test]
    public void A_file_of_proc_is_read_to_its_end()
    {
        Assert.That(ProcFile.ReadAll("/proc/self/maps"), Has.Length.GreaterThan(20_000));
        Assert.That(ProcFile.ReadAll("/proc/self/no-such-file"), Is.Empty);
        Assert.That(ProcFile.ReadAll("/proc/self"), Is.Empty);
    }

    [Test]
    public void A_working_directory_that_is_removed_is_left_and_come_back_to()
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["lost"]);
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = temp["lost"];
            Directory.Delete(temp["lost"]);
            Assert.That(WorkingDirectory.Path(), Is.EqualTo(temp["lost"]), "It has no other name.");
            Assert.That(ProcessStart.Read().Directory, Is.EqualTo(temp["lost"]));
            Assert.That(WorkingDirectory.TryEnter(temp["lost"], out Action nothing), Is.False);
            nothing();
            Assert.That(WorkingDirectory.TryEnter(temp.Path, out Action back), Is.True);
            Assert.That(Environment.CurrentDirectory, Is.EqualTo(temp.Path));
            back();
            Assert.That(new FileInfo("/proc/self/cwd").LinkTarget, Is.EqualTo(temp["lost"] + " (deleted)"));
            Directory.CreateDirectory(temp["lost"]);
            Assert.That(WorkingDirectory.TryEnter(temp["lost"], out _), Is.True, "It was made anew.");
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [Test]
    public void Going_somewhere_and_back_leaves_no_descriptor()
    {
        using TempDirectory temp = new();
        int count = Fd.ListOpen()!.Count;
        for (int i = 0; i < 50; i++)
        {
            WorkingDirectory.TryEnter(temp.Path, out Action back);
            back();
            WorkingDirectory.TryEnter(temp["none"], out back);
            back();
        }

        Assert.That(Fd.ListOpen()!.Count, Is.LessThan(count + 25));
    }

    [TestCase("dir/none")]
    [TestCase("none/socket")]
    [TestCase("dir")]
    public void A_socket_file_that_cannot_be_removed_is_no_reason_to_throw(string name)
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["dir"]);
        Assert.That(() => SocketFile.Remove(temp[name]), Throws.Nothing);
        File.WriteAllText(temp["socket"], "");
        SocketFile.Remove(temp["socket"]);
        Assert.That(File.Exists(temp["socket"]), Is.False);
    }

    [Test]
    public void Standard_streams_that_are_open_are_left_alone()
    {
        string[] before = [Fd.Describe(0), Fd.Describe(1), Fd.Describe(2)];
        StandardStreams.FillMissing();
        Assert.That(new[] { Fd.Describe(0), Fd.Describe(1), Fd.Describe(2) }, Is.EqualTo(before));
    }
}
