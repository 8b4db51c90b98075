using NUnit.Framework.Interfaces;
using SeamlessReboot.CrashTests.Load;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>What every test here has: a workspace, a server under a supervisor, clients, and nobody left behind.</summary>
internal abstract class CrashTest
{
    private readonly List<ServerHost> _hosts = [];
    private readonly List<Swarm> _swarms = [];

    protected Workspace Workspace { get; } = new();

    protected Family Family { get; } = new();

    [TearDown]
    public async Task EndAll()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            foreach (ServerHost host in _hosts)
                await TestContext.Out.WriteLineAsync(host.Describe());
        foreach (Swarm swarm in _swarms)
            await swarm.DisposeAsync();
        foreach (ServerHost host in _hosts)
            await host.DisposeAsync();
        Family.KillAll();
        await Limits.UntilAsync(() => Family.Living().Count == 0, "nobody is left behind");
        Workspace.Dispose();
    }

    /// <summary>The server's command line, of the build or of a release.</summary>
    protected IReadOnlyList<string> CounterServer(int port, string? assembly = null, string checkpoint = ServerHost.RarelyByItself) =>
        [Programs.Dotnet, assembly ?? Programs.CounterServer, "--port", $"{port}", "--spool", Workspace.File("spool"), "--allow-faults", "--checkpoint", checkpoint];

    /// <summary>Starts angel and server, and waits until it is ready.</summary>
    protected async Task<AngelHost> StartAngelAsync(params string[] angelOptions)
    {
        int port = Ports.Free();
        string[] options = [.. angelOptions.Select(o => o.Replace("PORT", $"{port}", StringComparison.Ordinal))];
        return await StartAngelAsync(port, options, CounterServer(port));
    }

    protected async Task<AngelHost> StartAngelAsync(int port, IEnumerable<string> angelOptions, IEnumerable<string> command)
    {
        AngelHost host = AngelHost.Launch(Family, Workspace, port, angelOptions, command);
        _hosts.Add(host);
        await host.ReadyAsync();
        return host;
    }

    /// <summary>Starts the server alone, and waits until it is ready.</summary>
    protected async Task<BareHost> StartBareAsync(int port, IReadOnlyList<string> command)
    {
        BareHost host = await BareHost.StartAsync(Family, Workspace, port, command);
        _hosts.Add(host);
        return host;
    }

    protected void EndWithTest(ServerHost host) => _hosts.Add(host);

    protected async Task<Swarm> StartLoadAsync(ServerHost host, LoadOptions? options = null)
    {
        Swarm swarm = await Swarm.StartAsync(host.EndPoint, options ?? new LoadOptions());
        _swarms.Add(swarm);
        return swarm;
    }

    /// <summary>The end of every test with a load: everyone is still there and is served, and nothing was wrong on the way.</summary>
    /// <param name="swarm">The load; it is stopped.</param>
    /// <param name="resetNewcomers">How many newcomers may have been reset: between the kernel letting one in and the supervisor having it there is a moment, and a
    /// kill that is aimed at it hits one now and then.</param>
    protected static async Task<LoadReport> AssertNobodyNoticedAsync(Swarm swarm, int resetNewcomers = 0)
    {
        await swarm.EveryoneIsServedAsync();
        LoadReport report = await swarm.StopAsync();
        await TestContext.Out.WriteLineAsync(report.ToString());
        Assert.Multiple(() =>
        {
            Assert.That(report.FailureCount, Is.LessThanOrEqualTo(resetNewcomers), report.ToString());
            Assert.That(report.Failures.Where(f => !f.Contains("newcomer-", StringComparison.Ordinal)), Is.Empty);
            Assert.That(report.Connected, Is.EqualTo(report.Clients));
            Assert.That(report.NewcomersServed, Is.GreaterThanOrEqualTo(report.Newcomers - resetNewcomers));
            Assert.That(report.Deaths is [] or [.., { ToFirstAnswer: not null }], Is.True, "the last death was followed by an answer");
        });
        return report;
    }

    /// <summary>A client beside the load, that asks the server to go wrong.</summary>
    protected static async Task CommitAsync(ServerHost host, string fault)
    {
        using System.Net.Sockets.Socket socket = new(host.EndPoint.AddressFamily, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(host.EndPoint).WaitAsync(Limits.Wait);
        await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(fault + "\n"));
        await Kernel.EndOf(host.ServerPid);
    }
}
