using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests.Systemd;

/// <summary>CounterServer as a service of a real systemd, with no angel.</summary>
internal sealed class SystemdHost : ServerHost
{
    private const string Unit = "counter.service";
    private readonly PrivateSystemd _systemd;
    private readonly Fifo _output;

    private SystemdHost(Family family, int port, PrivateSystemd systemd, Func<Transcript, Fifo> output)
        : base(family, port)
    {
        _systemd = systemd;
        _output = output(Transcript);
    }

    /// <summary>Starts systemd with the server, and waits until that is ready.</summary>
    public static async Task<SystemdHost> StartAsync(Family family, Workspace workspace, int port, string watchdog)
    {
        string server = Programs.Release(Programs.CounterServer, workspace.File("release"));
        Directory.CreateDirectory(workspace.File("units"));
        workspace.Write("units/" + Unit, UnitFile(family, workspace, server, port, watchdog));
        await Shell.RunAsync("mkfifo", workspace.File("output"));
        SystemdHost host = new(family, port, PrivateSystemd.Start(workspace, family, Unit), transcript => Fifo.Open(workspace.File("output"), transcript));
        try
        {
            await host._systemd.WaitForAsync(host.ReadyAsync());
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public override string Describe() => $"{Transcript.Text}\n--- systemd\n{_systemd.Log}---";

    public override async ValueTask DisposeAsync()
    {
        await _systemd.DisposeAsync();
        await _output.DisposeAsync();
    }

    protected override int HostPid(int pid) => Family.WithInnerPid(pid);

    // DefaultDependencies=no: without it systemd would start what cares for a whole machine.
    private static string UnitFile(Family family, Workspace workspace, string server, int port, string watchdog) => $"""
        [Unit]
        DefaultDependencies=no
        StartLimitIntervalSec=0

        [Service]
        Type=notify
        NotifyAccess=main
        ExecStart={Programs.Dotnet} {server} --port {port} --spool /run/counter/spool --allow-faults --checkpoint {RarelyByItself}
        Environment={Family.Variable}={family.Token}
        FileDescriptorStoreMax=20000
        LimitNOFILE=20000
        Restart=always
        RestartSec=20ms
        WatchdogSec={watchdog}
        TimeoutAbortSec=2s
        RuntimeDirectory=counter
        RuntimeDirectoryMode=0700
        RuntimeDirectoryPreserve=restart
        StandardOutput=file:{workspace.File("output")}
        StandardError=file:{workspace.File("output")}

        """;
}
