using System.Diagnostics;
using System.Globalization;

namespace MessagePackTests;

/// <summary>The server beside this test, in a process of its own, which ends with it.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly DirectoryInfo _spool = Directory.CreateTempSubdirectory("messagepack-server-");
    private readonly Process _process;

    private ServerProcess()
    {
        _process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "MessagePackServer.dll"), Path.Combine(_spool.FullName, "spool") },
            RedirectStandardOutput = true,
        })!;
    }

    internal int Generation { get; private set; }

    internal int Pid { get; private set; }

    internal int Port { get; private set; }

    internal int Sessions { get; private set; }

    internal static async Task<ServerProcess> StartAsync(CancellationToken cancellationToken)
    {
        ServerProcess server = new();
        try
        {
            await server.ReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    internal async Task RebootAsync(CancellationToken cancellationToken)
    {
        using Process kill = Process.Start("kill", ["-HUP", Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancellationToken);
        await ReadyAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _spool.Delete(recursive: true);
    }

    private async Task ReadyAsync(CancellationToken cancellationToken)
    {
        string line = await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The server has ended.");
        int[] numbers = [.. line.Split(' ').Skip(1).Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        (Generation, Pid, Port, Sessions) = (numbers[0], numbers[1], numbers[2], numbers[3]);
    }
}
