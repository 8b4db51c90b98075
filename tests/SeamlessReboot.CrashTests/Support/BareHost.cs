using System.Diagnostics;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>CounterServer with nobody above it: what it cannot do by itself is not done.</summary>
internal sealed class BareHost : ServerHost
{
    private readonly Process _server;
    private readonly Task _reading;

    private BareHost(Family family, int port, Process server)
        : base(family, port)
    {
        _server = server;
        _reading = ReadAsync();
    }

    public bool HasEnded => _server.HasExited;

    /// <summary>Starts the server, and waits until it is ready.</summary>
    public static async Task<BareHost> StartAsync(Family family, Workspace workspace, int port, IReadOnlyList<string> command)
    {
        ProcessStartInfo info = new(command[0], command.Skip(1))
        {
            WorkingDirectory = workspace.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment[Family.Variable] = family.Token;
        info.Environment["TMPDIR"] = workspace.Root;
        BareHost host = new(family, port, Process.Start(info)!);
        try
        {
            await host.ReadyAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks for a reboot, and waits until it has been called off, before or after the exec.</summary>
    public async Task<ServerEvent> RebootInVainAsync()
    {
        int since = Transcript.Now;
        Kernel.Send(ServerPid, Kernel.Sighup);
        return await Transcript.EventAsync(e => e.Name == "called-off", "called off", since);
    }

    /// <summary>Asks for a reboot, and waits until the next image is ready.</summary>
    public async Task<ServerEvent> RebootAsync()
    {
        int since = Transcript.Now;
        Kernel.Send(ServerPid, Kernel.Sighup);
        return await ReadyAsync(since);
    }

    public override async ValueTask DisposeAsync()
    {
        if (!_server.HasExited)
            _server.Kill(); // this process alone, by its handle
        await _server.WaitForExitAsync().WaitAsync(Limits.Wait);
        Family.KillAll();
        await _reading.WaitAsync(Limits.Wait);
        _server.Dispose();
    }

    protected override int HostPid(int pid) => pid;

    private async Task ReadAsync()
    {
        await Task.WhenAll(Transcript.ReadAsync(_server.StandardOutput), Transcript.ReadAsync(_server.StandardError));
        Transcript.End();
    }
}
