using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>
/// ANGEL_INSTALL.md, typed from top to bottom: each shell fence that is marked with "run", in one shell, with another directory, port
/// and name. "prints": the lines come in what was printed, numbers apart. A player stays connected through all of it.
/// </summary>
internal sealed partial class AngelInstallTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);
    private readonly string _suffix = "-" + Guid.NewGuid().ToString("N")[..8];
    private string _directory = "";
    private int _port;

    [SetUp]
    public void MakeDirectory()
    {
        _directory = Directory.CreateTempSubdirectory("angeldoc-").FullName;
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        _port = ((IPEndPoint)free.LocalEndpoint).Port;
    }

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task What_is_to_be_typed_does_what_the_document_says()
    {
        using CancellationTokenSource limit = new(_limit);
        await using ShellSession shell = ShellSession.Start(Repository.Root, MakeEnvironment());
        await shell.RunAsync(Prelude, limit.Token);
        try
        {
            await TypeAsync(shell, limit.Token);
        }
        finally
        {
            using CancellationTokenSource last = new(TimeSpan.FromSeconds(30)); // whatever was left running
            await shell.RunAsync($"seamless-angel stop --name talker{_suffix} --timeout 25s; seamless-angel stop --name echo{_suffix} --timeout 25s; wait", last.Token);
        }
    }

    private async Task TypeAsync(ShellSession shell, CancellationToken cancellationToken)
    {
        Client? player = null;
        string output = "";
        foreach (Fence fence in Fence.ReadAll(File.ReadAllLines(Repository.PathOf("ANGEL_INSTALL.md"))))
        {
            string text = string.Join('\n', fence.Text);
            if (fence.Comment == "run: echo" && (await shell.RunAsync("command -v python3", cancellationToken)).ExitCode != 0)
            {
                await TestContext.Out.WriteLineAsync("There is no python3 on this machine; its server was not tried.");
                return;
            }

            if (fence.Comment == "prints")
            {
                foreach (string line in fence.Text)
                    Assert.That(Plain(output), Does.Contain(Plain(line)), $"line {fence.Line}");
            }
            else if (fence.Comment?.StartsWith("run in a window: ", StringComparison.Ordinal) == true)
            {
                await shell.RunAsync($"{{\n{Here(text)}\n}} > '{_directory}/window' 2>&1 &", cancellationToken);
                await shell.RunAsync("until seamless-angel status | grep -q ': ready'; do sleep 0.1; done", cancellationToken);
                player = await EnterAsync(cancellationToken);
            }
            else if (fence.Comment?.StartsWith("run: ", StringComparison.Ordinal) == true)
            {
                (output, int code) = await shell.RunAsync(Here(text), cancellationToken);
                await TestContext.Out.WriteLineAsync($"$ {text}\n{output}");
                Assert.That(code, Is.Zero, $"line {fence.Line}: {output}");
                player = await AskAsync(player, fence, cancellationToken);
            }
        }
    }

    private async Task<Client> EnterAsync(CancellationToken cancellationToken)
    {
        Client player = await Client.ConnectAsync(_port);
        foreach ((string question, string answer) in new[] { ("Name: ", "ann"), ("password: ", "correct horse"), ("again: ", "correct horse") })
        {
            await player.ReadUntilAsync(question, cancellationToken);
            await player.SendAsync(answer + "\r\n");
        }

        await player.ReadUntilAsync("Exits: ", cancellationToken);
        return player;
    }

    private static async Task<Client?> AskAsync(Client? player, Fence fence, CancellationToken cancellationToken)
    {
        if (player is null)
            return null;
        if (fence.Comment == "run: stop")
        {
            await player.ReadUntilAsync("Goodbye", cancellationToken);
            player.Dispose();
            return null;
        }

        await player.SendAsync($"say I am still here after line {fence.Line}\r\n");
        await player.ReadUntilAsync($"after line {fence.Line}", cancellationToken);
        return player;
    }

    // Verbs are for this test's angel, though others may run; "publish" takes what the build has made.
    private string Prelude => $$"""
        seamless-angel() {
            local verb=$1; shift
            case "$verb $*" in
                run*) for word in "$@"; do [ "$last" = --name ] && name=$word; last=$word; done; dotnet "{{Repository.Angel}}" run "$@";;
                spool*|*--name*) dotnet "{{Repository.Angel}}" "$verb" "$@";;
                *) dotnet "{{Repository.Angel}}" "$verb" --name "$name" "$@";;
            esac
        }
        dotnet() {
            if [ "$1" = publish ]; then mkdir -p "$4" && cp -r "{{Repository.PathOf($"samples/Talker/bin/{Repository.Configuration}/net10.0")}}/." "$4"; else command dotnet "$@"; fi
        }
        name=talker{{_suffix}}
        """;

    private Dictionary<string, string?> MakeEnvironment() => new() { ["XDG_RUNTIME_DIR"] = _directory, ["RUNTIME_DIRECTORY"] = null };

    private string Here(string text) => text
        .Replace("/srv/talker", _directory, StringComparison.Ordinal)
        .Replace("4000", _port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("--name talker", "--name talker" + _suffix, StringComparison.Ordinal)
        .Replace("--name echo", "--name echo" + _suffix, StringComparison.Ordinal);

    private string Plain(string text) =>
        Number().Replace(text.Replace(_directory, "/srv/talker", StringComparison.Ordinal).Replace(_suffix, "", StringComparison.Ordinal), "N");

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
