using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using NUnit.Framework.Interfaces;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>What every test with a real angel has: a directory, and processes that end with it.</summary>
internal abstract class LiveTest
{
    private static int _nextPort = 21_000 + Environment.ProcessId % 9_000;
    private readonly List<AngelProcess> _angels = [];

    /// <summary>Its path is short, because those of unix sockets have to be.</summary>
    protected string Root { get; } = Directory.CreateTempSubdirectory("sra-").FullName;

    protected static string AngelAssembly { get; } = Find("AngelDirectory", "seamless-angel.dll");

    protected static string ChildAssembly { get; } = Find("FakeChildDirectory", "FakeChild.dll");

    [TearDown]
    public async Task EndAll()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            foreach (AngelProcess angel in _angels)
                await TestContext.Out.WriteLineAsync(angel.Transcript());
        foreach (AngelProcess angel in _angels)
            await angel.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }

    protected string InRoot(string name) => Path.Combine(Root, name);

    /// <summary>Starts an angel over a child that does these steps and then takes commands.</summary>
    protected AngelProcess Start(string options, params string[] steps) => StartCommand(options, ["dotnet", ChildAssembly, .. steps, "commands " + Root]);

    protected AngelProcess StartCommand(string options, string[] command, params (string Name, string Value)[] environment) =>
        Launch("dotnet", [AngelAssembly, "run", "--runtime-dir", InRoot("run"), .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--", .. command], environment);

    protected AngelProcess Launch(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo info = new(program, arguments) { WorkingDirectory = Root };
        info.Environment["TMPDIR"] = Root;
        info.Environment.Remove("PWD");
        foreach ((string name, string value) in environment)
            info.Environment[name] = value;
        AngelProcess angel = new(info, Root);
        _angels.Add(angel);
        return angel;
    }

    /// <summary>Skips the test, in words, where there is no python.</summary>
    protected static void RequirePython()
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(d => File.Exists(Path.Combine(d, "python3"))))
            Assert.Ignore("This needs python3, as a program that knows nothing of .NET.");
    }

    /// <summary>A port for somebody who has to be told one. Below those that the kernel gives to clients.</summary>
    protected static int FreePort()
    {
        while (true)
        {
            int port = Interlocked.Increment(ref _nextPort);
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>For what has no event to wait for: looks again until it is so.</summary>
    protected static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource overdue = new(AngelProcess.Limit);
        while (!condition())
        {
            if (overdue.IsCancellationRequested)
                throw new TimeoutException($"It is still not so: {what}.");
            await Task.Delay(10);
        }
    }

    private static string Find(string metadata, string file) => Path.Combine(Path.GetFullPath(typeof(LiveTest).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == metadata).Value!, AppContext.BaseDirectory), file);
}
