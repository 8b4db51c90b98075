using System.Diagnostics;
using System.Net;
using NUnit.Framework.Interfaces;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>What every test here has: a workspace, and servers and clients that end with the test.</summary>
internal abstract class ProcessTest
{
    private readonly List<ServerProcess> _servers = [];
    private readonly List<Client> _clients = [];

    protected Workspace Workspace { get; } = new();

    [TearDown]
    public async Task EndAll()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            foreach (ServerProcess server in _servers)
                await TestContext.Out.WriteLineAsync(server.Transcript());
        foreach (Client client in _clients)
            client.Dispose();
        foreach (ServerProcess server in _servers)
            await server.DisposeAsync();
        Workspace.Dispose();
    }

    /// <summary>Starts the server with these arguments and waits until it is ready.</summary>
    protected async Task<ServerProcess> StartAsync(params string[] arguments)
    {
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool(arguments)]);
        await server.ReadyAsync();
        return server;
    }

    /// <summary>Starts a server whose reboots stop in a gap.</summary>
    protected async Task<(ServerProcess Server, Gap Gap)> StartWithGapAsync(params string[] arguments)
    {
        Gap gap = await Gap.CreateAsync(Workspace, WithSpool(arguments));
        ServerProcess server = await StartForCommandAsync(gap.Script, arguments);
        return (server, gap);
    }

    /// <summary>Starts a server that reboots into a program of the test's choice.</summary>
    protected async Task<ServerProcess> StartForCommandAsync(string command, params string[] arguments)
    {
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool(arguments)], ("TESTSERVER_COMMAND", command));
        await server.ReadyAsync();
        return server;
    }

    /// <summary>Starts the server by a line of shell, that has to end with exec.</summary>
    protected async Task<ServerProcess> StartByShellAsync(string line, params (string Name, string Value)[] environment)
    {
        ServerProcess server = Launch("/bin/sh", ["-c", line], environment);
        await server.ReadyAsync();
        return server;
    }

    /// <summary>Starts a program, and does not wait.</summary>
    protected ServerProcess Launch(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo info = new(program) { WorkingDirectory = Workspace.Root };
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        info.Environment["TMPDIR"] = Workspace.Root; // the diagnostics socket, and nothing of others
        foreach ((string name, string value) in environment)
            info.Environment[name] = value;
        ServerProcess server = ServerProcess.Launch(info);
        _servers.Add(server);
        return server;
    }

    protected string[] WithSpool(string[] arguments) =>
        arguments.Contains("--spool") ? arguments : [.. arguments, "--spool", Workspace.Spool];

    protected Task<Client> ConnectAsync(ServerProcess server) => ConnectAsync(server.EndPoint);

    protected async Task<Client> ConnectAsync(EndPoint endPoint, int? receiveBuffer = null)
    {
        Client client = await Client.ConnectAsync(endPoint, receiveBuffer);
        lock (_clients)
            _clients.Add(client);
        return client;
    }

    /// <summary>Connects so many, each of which has said its first line.</summary>
    protected async Task<List<Client>> ConnectAsync(ServerProcess server, int count)
    {
        List<Client> clients = [];
        for (int i = 0; i < count; i++)
        {
            Client client = await ConnectAsync(server);
            await client.SayAsync("hello");
            clients.Add(client);
        }

        return clients;
    }

    /// <summary>Everyone is answered, as if nothing had happened.</summary>
    protected static async Task SayAllAsync(IEnumerable<Client> clients, string line)
    {
        foreach (Client client in clients)
            await client.SayAsync(line);
    }

    protected IReadOnlyList<string> SpoolFiles() => [.. Directory.GetFileSystemEntries(Workspace.Spool).Select(f => Path.GetFileName(f))];
}
