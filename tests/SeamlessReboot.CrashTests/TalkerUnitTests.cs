using System.Net;
using System.Net.Sockets;
using SeamlessReboot.CrashTests.Support;
using SeamlessReboot.CrashTests.Systemd;

namespace SeamlessReboot.CrashTests;

/// <summary>The unit files that people are given, as they are but for paths, port and user, under a real systemd.</summary>
[Category(TestCategories.Long)]
internal sealed class TalkerUnitTests : CrashTest
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    [TestCase("talker.service")]
    [TestCase("seamless-angel-talker.service")]
    public async Task Guests_of_a_talker_that_is_killed_go_on_talking(string unit)
    {
        int port = Ports.Free();
        IPEndPoint endPoint = new(IPAddress.Loopback, port);
        WriteUnit(unit, port);
        await using PrivateSystemd systemd = PrivateSystemd.Start(Workspace, Family, unit);
        await systemd.WaitForAsync(ConnectedAsync(endPoint));
        using TalkerGuest ann = await TalkerGuest.EnterAsync(endPoint, "ann"), bea = await TalkerGuest.EnterAsync(endPoint, "bea");
        await ann.ReadToAsync("Bea has come in.");
        string checkpoint = "/run/talker/spool/checkpoint.spool";
        for (int i = 1; i <= 3; i++)
        {
            int pid = Server();
            DateTime before = Modified(pid, checkpoint);
            Kernel.Send(pid, Kernel.Sigusr2);
            await Limits.UntilAsync(() => Modified(pid, checkpoint) > before, "a checkpoint has been written");
            Task end = Kernel.EndOf(pid);
            Kernel.Send(pid, Kernel.Sigkill);
            await end;
            await bea.SayAsync($"say Are you still there, {i}?", $"{i}?");
            await ann.ReadToAsync($"Are you still there, {i}?");
            Assert.That(Server(), Is.Not.EqualTo(pid));
        }

        // An orderly end is the end: nobody's connection is held for ever.
        int starts = unit == "talker.service" ? 4 : 1; // of the angel there is one
        await Limits.UntilAsync(() => Starts(systemd, unit) == starts, "systemd has been told that the last one is ready");
        await PrivateSystemd.ControlAsync(Family, "stop", unit);
        Assert.That(async () => await ann.ReadToAsync("what nobody says"), Throws.InvalidOperationException.With.Message.Contains("has ended"), systemd.Log);
        Assert.That(Starts(systemd, unit), Is.EqualTo(starts));
    }

    private static int Starts(PrivateSystemd systemd, string unit) => systemd.Log.Split("Started " + unit).Length - 1;

    private void WriteUnit(string name, int port)
    {
        string talker = Programs.Release(Programs.Talker, Workspace.File("talker"));
        string angel = Programs.Release(Programs.Angel, Workspace.File("angel"));
        foreach (string release in new[] { Workspace.File("talker"), Workspace.File("angel") })
            foreach (string directory in Directory.GetDirectories(release, "*", SearchOption.AllDirectories).Append(release).Append(Workspace.Root))
                File.SetUnixFileMode(directory, Everybody);
        Directory.CreateDirectory(Workspace.File($"units/{name}.d"));
        string unit = File.ReadAllText(Programs.InRepository("samples/systemd/" + name));
        string start = unit.Replace("\\\n", "", StringComparison.Ordinal).Split('\n').Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal));
        Workspace.Write("units/" + name, unit);
        string here = start.Replace("/usr/bin/dotnet", Programs.Dotnet, StringComparison.Ordinal).Replace("/opt/talker/current/Talker.dll", talker, StringComparison.Ordinal)
            .Replace("/opt/talker/good/Talker.dll", talker, StringComparison.Ordinal)
            .Replace("/opt/seamless-angel/seamless-angel", $"{Programs.Dotnet} {angel}", StringComparison.Ordinal)
            .Replace("tcp://127.0.0.1:4000", $"tcp://127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("--port 4000", $"--port {port}", StringComparison.Ordinal).Replace("--bind 0.0.0.0", "--bind 127.0.0.1", StringComparison.Ordinal);
        // DefaultDependencies: without it systemd would start what cares for a whole machine. PrivateTmp: the release is in /tmp here.
        Workspace.Write($"units/{name}.d/here.conf", $"""
            [Unit]
            DefaultDependencies=no
            [Service]
            User=nobody
            ExecStart=
            {here}
            PrivateTmp=no
            Environment={Family.Variable}={Family.Token}

            """);
    }

    private int Server() => Family.Living().Single(pid => File.ReadAllText($"/proc/{pid}/cmdline").Contains("Talker.dll", StringComparison.Ordinal)
        && !File.ReadAllText($"/proc/{pid}/cmdline").Contains("seamless-angel.dll", StringComparison.Ordinal)
        && new ProcInfo(pid).Status("State")[0] != 'Z');

    // Through the process's own root: its /run is not ours.
    private static DateTime Modified(int pid, string path) => File.GetLastWriteTimeUtc($"/proc/{pid}/root{path}");

    private static async Task<bool> ConnectedAsync(IPEndPoint endPoint)
    {
        using CancellationTokenSource overdue = new(Limits.Wait);
        while (true)
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(endPoint, overdue.Token);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(10, overdue.Token); // not yet listening
            }
        }
    }
}
